//! How connecting went, stage by stage.

use crate::model::health::{Certificate, CertificateCheck as Check, ConnectStage, ConnectionHealth, StageState};
use crate::susdb::error::ConnectError;
use crate::susdb::session::Stage;
use crate::susdb::target::{CertificateCheck, Target};
use crate::susdb::tls::certificate::{PeerCertificate, hex};

/// What became of each stage.
pub(super) fn health(target: &Target, stage: &Stage, error: Option<&ConnectError>) -> ConnectionHealth {
    let entered: Vec<ConnectStage> = stage.entered().into_iter().map(stage_of).collect();
    let failed = error.map(|error| (stage_of(error.stage()), error));
    let state = |stage: ConnectStage| match failed {
        Some((at, error)) if stage == at => {
            StageState::Failed { messages: super::chain(error), hints: error.hints(target) }
        }
        // TDS 8 encrypts before it connects.
        Some(_) if entered.contains(&stage) => StageState::Passed,
        Some((at, _)) if stage > at => StageState::NotReached,
        _ if stage == ConnectStage::Database || entered.contains(&stage) => StageState::Passed,
        _ => StageState::NotNeeded,
    };
    ConnectionHealth {
        stages: ConnectStage::ALL.map(|stage| (stage, state(stage))).into(),
        certificate: certificate(target, stage, error),
    }
}

/// The stages of the gateway are finer than those that people look at.
fn stage_of(stage: &str) -> ConnectStage {
    match stage {
        "name resolution" | "SQL Browser" => ConnectStage::Resolve,
        "TLS" => ConnectStage::Tls,
        "login" => ConnectStage::Login,
        "database" => ConnectStage::Database,
        // TCP, pipe, connector, PRELOGIN.
        _ => ConnectStage::Connect,
    }
}

fn certificate(target: &Target, stage: &Stage, error: Option<&ConnectError>) -> Option<Certificate> {
    if let Some(ConnectError::Certificate { certificate, .. }) = error {
        return Some(facts(certificate, Check::Refused));
    }
    let check = match target.certificate {
        CertificateCheck::Verify { .. } => Check::Verified,
        CertificateCheck::Pin(_) => Check::Pinned,
        CertificateCheck::Trust => Check::Unchecked,
    };
    stage.certificate().map(|certificate| facts(&certificate, check))
}

fn facts(certificate: &PeerCertificate, check: Check) -> Certificate {
    let PeerCertificate { subject, issuer, dns_names, not_before, not_after, sha256, weaknesses } = certificate.clone();
    Certificate { subject, issuer, names: dns_names, not_before, not_after, sha256: hex(&sha256), check, weaknesses }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{ConnectStage, StageState, health};
    use crate::susdb::error::ConnectError;
    use crate::susdb::session::Stage;
    use crate::susdb::target::Target;

    fn names(stages: &[&'static str], error: Option<&ConnectError>) -> Vec<&'static str> {
        let stage = Stage::default();
        for entered in stages {
            stage.enter(entered);
        }
        let states = health(&Target::wid(), &stage, error).stages;
        assert_eq!(states.iter().map(|(stage, _)| *stage).collect::<Vec<_>>(), ConnectStage::ALL);
        states.iter().map(|(_, state)| state.name()).collect()
    }

    #[test]
    fn stages_are_told_apart() {
        let tcp = ["name resolution", "TCP", "PRELOGIN", "TLS", "login"];
        assert_eq!(names(&tcp, None), ["ok"; 5]);
        let pipe = ["pipe", "PRELOGIN", "login"];
        assert_eq!(names(&pipe, None), ["notNeeded", "ok", "notNeeded", "ok", "ok"]);
        let timeout = |stage| ConnectError::Timeout {
            endpoint: "h".into(),
            stage,
            attempts: Vec::new(),
            after: Duration::from_secs(1),
        };
        let late = timeout("TLS");
        assert_eq!(names(&tcp[..4], Some(&late)), ["ok", "ok", "failed", "notReached", "notReached"]);
        let database = ConnectError::Database {
            endpoint: "h".into(),
            database: "OTHER".into(),
            number: 4060,
            message: "no".into(),
        };
        assert_eq!(names(&tcp, Some(&database)), ["ok", "ok", "ok", "ok", "failed"]);
    }

    #[test]
    fn a_failure_says_what_to_do() {
        let error = ConnectError::Timeout {
            endpoint: "h".into(),
            stage: "TCP",
            attempts: Vec::new(),
            after: Duration::from_secs(1),
        };
        let found = health(&Target::wid(), &Stage::default(), Some(&error));
        let StageState::Failed { messages, hints } = &found.stages[1].1 else { panic!("{found:?}") };
        assert!(messages[0].contains("within 1 s") && hints.len() == 2, "{found:?}");
    }
}
