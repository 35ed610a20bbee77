//! Why one of WSUS's procedures refused.

use std::fmt;

/// The reason of a refusal: the state of the error that the procedure raises.
///
/// Source: Microsoft's binaries of Server 2016, the enumeration DBError, by which WSUS's own client tells refusals apart
/// (grade B). What follows from each is taken from the exceptions of the documented API (grade A); which procedure gives
/// which state is not documented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// 1: no reason of its own; the text says it.
    General,
    /// 40: what the call names is not there.
    NotFound,
    /// 41: something with this name or id is there already.
    ItemExists,
    /// 42: something else still uses it.
    InUse,
    /// 43: the licence terms have not been accepted.
    EulaNotAccepted,
    /// 44: the state of the server or the object does not allow it now.
    InvalidState,
    /// 45: it is never allowed for this object.
    InvalidAction,
    /// 46: an update that this one depends on has the opposite approval.
    UnresolvableConflict,
    /// 47: it is not allowed on a replica.
    InvalidOnReplica,
    /// A state that wsusctl does not know.
    Unknown(u8),
}

impl Refusal {
    /// The reason that a state stands for.
    #[must_use]
    pub fn from_state(state: u8) -> Self {
        match state {
            // A procedure that raises with state 0 or -1 gives no reason either; -1 arrives as 1.
            0 | 1 => Self::General,
            40 => Self::NotFound,
            41 => Self::ItemExists,
            42 => Self::InUse,
            43 => Self::EulaNotAccepted,
            44 => Self::InvalidState,
            45 => Self::InvalidAction,
            46 => Self::UnresolvableConflict,
            47 => Self::InvalidOnReplica,
            other => Self::Unknown(other),
        }
    }

    /// Whether the same call may work when the server is done with what it is busy with.
    #[must_use]
    pub fn may_pass_when_idle(self) -> bool {
        matches!(self, Self::InvalidState | Self::UnresolvableConflict)
    }

    /// Whether the same call is refused every time, until somebody changes the manifest or something else on the server.
    #[must_use]
    pub fn is_lasting(self) -> bool {
        matches!(
            self,
            Self::InUse
                | Self::EulaNotAccepted
                | Self::InvalidAction
                | Self::UnresolvableConflict
                | Self::InvalidOnReplica
        )
    }

    /// What to do about it; none where the error's own text is all there is.
    #[must_use]
    pub fn hint(self) -> Option<String> {
        let text = match self {
            Self::General => return None,
            Self::NotFound => "somebody may have removed it meanwhile: `wsusctl diff` shows what is there now",
            Self::ItemExists => {
                "somebody may have made it meanwhile, or something that is not listed has this name: `wsusctl diff` shows \
                 what is there now"
            }
            Self::InUse => "something else still uses it: remove that first",
            Self::EulaNotAccepted => "accept the licence terms first: write `acceptLicense: true` in the entry",
            Self::InvalidState => {
                "the server or the object is not in a state that allows this: look for a synchronisation or a reset that \
                 hangs (`wsusctl doctor`), then run apply again"
            }
            Self::InvalidAction => {
                "WSUS never allows this for this object, so trying again does not help: change or remove what the manifest \
                 declares"
            }
            Self::UnresolvableConflict => {
                "an update that this one needs, or that needs this one, has the opposite approval: change one of the two"
            }
            Self::InvalidOnReplica => {
                "the server is a replica: make the change on the server that it replicates, and remove it here"
            }
            Self::Unknown(state) => {
                return Some(format!(
                    "wsusctl does not know what state {state} means; the server's own text is all there is to go by"
                ));
            }
        };
        Some(text.to_owned())
    }
}

/// The name that Microsoft gives the state; empty where it has none.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::General | Self::Unknown(_) => Ok(()),
            known => write!(f, "{known:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Refusal;

    #[test]
    fn what_is_never_allowed_is_not_advised_to_be_tried_again() {
        for state in 0..=u8::MAX {
            let refusal = Refusal::from_state(state);
            let hint = refusal.hint().unwrap_or_default();
            assert!(!(refusal.is_lasting() && hint.contains("run apply again")), "{state}: {hint}");
            assert_eq!(hint.is_empty(), state <= 1, "{state}: {hint}");
            if !(40..=47).contains(&state) && state > 1 {
                assert!(hint.contains(&format!("state {state} ")), "an unknown state stays visible: {hint}");
            }
        }
        let lasting: Vec<u8> = (0..=u8::MAX).filter(|state| Refusal::from_state(*state).is_lasting()).collect();
        assert_eq!(lasting, [42, 43, 45, 46, 47]);
        let passing: Vec<u8> = (0..=u8::MAX).filter(|state| Refusal::from_state(*state).may_pass_when_idle()).collect();
        assert_eq!(passing, [44, 46]);
    }
}
