//! Procedures as the server had them.

use serde::{Deserialize, Serialize};

use super::is_default;
use crate::model::procedure::{LiveParameter, Procedure, ProcedureState, Verdict};

/// A procedure.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::saved) struct ProcedureWire {
    pub(in crate::saved) name: String,
    expected: String,
    #[serde(default, skip_serializing_if = "is_default")]
    live: Option<String>,
    #[serde(default, skip_serializing_if = "is_default")]
    parameters: Vec<ParameterWire>,
    verdict: VerdictWire,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ParameterWire {
    name: String,
    #[serde(rename = "type")]
    type_name: String,
    max_length: i16,
    #[serde(default, skip_serializing_if = "is_default")]
    output: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    defaulted: bool,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum VerdictWire {
    Matches,
    Missing,
    Differs(String),
}

impl From<(&Procedure, &ProcedureState)> for ProcedureWire {
    fn from((procedure, state): (&Procedure, &ProcedureState)) -> Self {
        // A snapshot is planned from, never written through: how lists are written is asked of the live server.
        let ProcedureState { expected, live, parameters, lists: _, verdict } = state;
        let verdict = match verdict {
            Verdict::Matches => VerdictWire::Matches,
            Verdict::Missing => VerdictWire::Missing,
            Verdict::Differs(how) => VerdictWire::Differs(how.clone()),
        };
        Self {
            name: procedure.name().to_owned(),
            expected: expected.clone(),
            live: live.clone(),
            parameters: parameters.iter().map(ParameterWire::from).collect(),
            verdict,
        }
    }
}

impl From<ProcedureWire> for ProcedureState {
    fn from(wire: ProcedureWire) -> Self {
        let ProcedureWire { name: _, expected, live, parameters, verdict } = wire;
        let verdict = match verdict {
            VerdictWire::Matches => Verdict::Matches,
            VerdictWire::Missing => Verdict::Missing,
            VerdictWire::Differs(how) => Verdict::Differs(how),
        };
        let parameters = parameters.into_iter().map(LiveParameter::from).collect();
        Self { expected, live, parameters, lists: Vec::new(), verdict }
    }
}

impl From<&LiveParameter> for ParameterWire {
    fn from(parameter: &LiveParameter) -> Self {
        let LiveParameter { name, type_name, max_length, output, defaulted } = parameter;
        Self {
            name: name.clone(),
            type_name: type_name.clone(),
            max_length: *max_length,
            output: *output,
            defaulted: *defaulted,
        }
    }
}

impl From<ParameterWire> for LiveParameter {
    fn from(wire: ParameterWire) -> Self {
        let ParameterWire { name, type_name, max_length, output, defaulted } = wire;
        Self { name, type_name, max_length, output, defaulted }
    }
}
