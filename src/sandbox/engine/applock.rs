//! `sp_getapplock` and `sp_releaseapplock`.
//!
//! Source: Microsoft's Transact-SQL reference, sp_getapplock and sp_releaseapplock (return codes, parameters, grade A).

use std::time::Duration;

use super::call::Called;
use super::session::Session;
use crate::sandbox::database::{Cancelled, Response, RpcParameter, ServerError};
use crate::sandbox::locks::{Answer, Request};
use crate::sandbox::sql::{convert, errors};
use crate::sandbox::value::{SqlType, Value};

const GET: &[&str] = &["@resource", "@lockmode", "@lockowner", "@locktimeout", "@dbprincipal"];
const RELEASE: &[&str] = &["@resource", "@lockowner", "@dbprincipal"];

/// What is returned for a wrong parameter, beside the error.
const PARAMETER_ERROR: i32 = -999;

impl Session {
    pub(super) fn get_lock(
        &mut self,
        given: &[RpcParameter],
        response: &mut dyn Response,
    ) -> Result<Called, Cancelled> {
        let request = match request(given) {
            Ok(request) => request,
            Err(error) => return self.refuse_lock(error, response),
        };
        if !request.by_session && self.transactions == 0 {
            let text = "You attempted to acquire a transactional application lock without an active transaction.";
            return self.refuse_lock(errors::error(1222, text), response);
        }
        let owner = self.shared.sessions().get(&self.login.session_id).cloned();
        let Some(owner) = owner else {
            return self.refuse_lock(errors::error(1204, "The session is not known to the sandbox."), response);
        };
        let answer = self.shared.locks.acquire(&owner, &request, &|| response.cancelled());
        let code = match answer {
            Ok(Answer::Granted) => 0,
            Ok(Answer::GrantedAfterWait) => 1,
            Ok(Answer::TimedOut) => -1,
            Ok(Answer::Cancelled) => -2,
            Err(error) => {
                let text = format!("The sandbox's lock file cannot be locked: {error}.");
                return self.refuse_lock(errors::error(1204, text), response);
            }
        };
        Ok(Called { return_code: Some(code), ..Called::default() })
    }

    pub(super) fn release_lock(
        &mut self,
        given: &[RpcParameter],
        response: &mut dyn Response,
    ) -> Result<Called, Cancelled> {
        let named = named(given, RELEASE, "sp_releaseapplock").and_then(|values| {
            let resource = resource(&values[0], "sp_releaseapplock")?;
            let by_session = owner(&values[1], "sp_releaseapplock")?;
            Ok((resource, by_session))
        });
        let (resource, by_session) = match named {
            Ok(named) => named,
            Err(error) => return self.refuse_lock(error, response),
        };
        if self.shared.locks.release(self.login.session_id, &resource, by_session) {
            return Ok(Called { return_code: Some(0), ..Called::default() });
        }
        let text = format!(
            "Cannot release the application lock (Database Principal: 'public', Resource: '{resource}') because it is not \
             currently held."
        );
        self.refuse_lock(errors::error(1223, text), response)
    }

    fn refuse_lock(&mut self, error: ServerError, response: &mut dyn Response) -> Result<Called, Cancelled> {
        let called = self.refuse(error, response)?;
        Ok(Called { return_code: Some(PARAMETER_ERROR), ..called })
    }
}

fn request(given: &[RpcParameter]) -> Result<Request, ServerError> {
    const PROCEDURE: &str = "sp_getapplock";
    let values = named(given, GET, PROCEDURE)?;
    let exclusive = match values[1].as_deref().map(str::to_lowercase).as_deref() {
        Some("exclusive") => true,
        Some("shared") => false,
        Some("update" | "intentshared" | "intentexclusive") => {
            return Err(errors::unsupported("lock modes other than Shared and Exclusive"));
        }
        _ => return Err(errors::error(1225, format!("An invalid application lock mode was passed to {PROCEDURE}."))),
    };
    let timeout = match values[3].as_deref().map(str::parse::<i64>) {
        None | Some(Ok(-1)) => None,
        Some(Ok(milliseconds)) if milliseconds >= 0 => Some(Duration::from_millis(milliseconds.unsigned_abs())),
        Some(_) => {
            return Err(errors::error(
                1226,
                format!("An invalid application lock time-out was passed to {PROCEDURE}."),
            ));
        }
    };
    let resource = resource(&values[0], PROCEDURE)?;
    Ok(Request { resource, exclusive, by_session: owner(&values[2], PROCEDURE)?, timeout })
}

/// The values of the parameters in order, as text; `None` where left out or NULL.
fn named(given: &[RpcParameter], names: &[&str], procedure: &str) -> Result<Vec<Option<String>>, ServerError> {
    let mut values = vec![None; names.len()];
    for (position, argument) in given.iter().enumerate() {
        let index = if argument.name.is_empty() {
            position
        } else {
            let name = format!("@{}", argument.name.trim_start_matches('@').to_lowercase());
            names.iter().position(|known| **known == name).ok_or_else(|| {
                errors::error(8145, format!("{} is not a parameter for procedure {procedure}.", argument.name))
            })?
        };
        let slot = values.get_mut(index).ok_or_else(|| {
            errors::error(8144, format!("Procedure or function {procedure} has too many arguments specified."))
        })?;
        *slot = match convert::convert(&argument.value, SqlType::NVarChar(None))? {
            Value::NVarChar(text) if !argument.default => Some(text),
            _ => None,
        };
    }
    Ok(values)
}

/// The longest resource name.
const RESOURCE_MAX: u16 = 255;

fn resource(value: &Option<String>, procedure: &str) -> Result<String, ServerError> {
    match value {
        Some(resource) => Ok(convert::cut(resource.clone(), Some(RESOURCE_MAX))),
        None => Err(errors::error(1224, format!("An invalid application lock resource was passed to {procedure}."))),
    }
}

fn owner(value: &Option<String>, procedure: &str) -> Result<bool, ServerError> {
    match value.as_deref().map(str::to_lowercase).as_deref() {
        Some("session") => Ok(true),
        None | Some("transaction") => Ok(false),
        Some(_) => Err(errors::error(1227, format!("An invalid application lock owner was passed to {procedure}."))),
    }
}
