//! Downstream servers.

use uuid::Uuid;

use super::bind::Value::Guid;
use super::{WriteError, Writer};
use crate::model::procedure::Procedure;

impl Writer<'_> {
    /// Forgets a downstream server by its own id. One that is still there registers again by itself.
    ///
    /// Source: PoshWSUS assemblies (the name and one of two spellings of its parameter, of which the live server has one;
    /// grade B); that a server registers by itself: MS-WSUSSS 3.1.1 (grade A).
    ///
    /// # Errors
    /// [`WriteError`].
    pub async fn delete_downstream_server(&mut self, id: Uuid) -> Result<(), WriteError> {
        let arguments = [("@downstreamServerID", Some(Guid(id))), ("@id", Some(Guid(id)))];
        self.call(Procedure::DeleteDownstreamServer, &arguments).await
    }
}
