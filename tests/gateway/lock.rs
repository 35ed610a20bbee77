//! The lock.

use std::sync::Arc;

use chrono::{NaiveDate, TimeZone, Utc};
use wsusctl::sandbox::value::{SqlType, Value};
use wsusctl::susdb::lock::{Holder, LockError};

use super::scripted::{Reply, Script, session};

#[tokio::test(flavor = "multi_thread")]
async fn the_lock_is_taken_and_given_back() {
    let script = Arc::new(Script::default());
    let mut session = session(&script).await;
    assert!(!session.holds_lock());
    session.lock().await.unwrap();
    assert!(session.holds_lock());
    let sent: Vec<(String, Value)> =
        script.asked()[0].1.iter().map(|sent| (sent.name.clone(), sent.value.clone())).collect();
    let text = |text: &str| Value::NVarChar(text.to_owned());
    let expected = [
        ("@Resource", text("wsusctl")),
        ("@LockMode", text("Exclusive")),
        ("@LockOwner", text("Session")),
        ("@LockTimeout", Value::Int(0)),
    ];
    assert_eq!(sent, expected.map(|(name, value)| (name.to_owned(), value)));
    session.unlock().await.unwrap();
    assert!(!session.holds_lock());
    session.lock().await.unwrap();
    session.disconnect();
    assert!(!session.holds_lock());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_holder_is_named_in_utc() {
    let script = Arc::new(Script::default());
    let mut session = session(&script).await;
    script.answer("sp_getapplock", Reply::Return(-1));
    let columns = vec![
        ("Resource", SqlType::NVarChar(Some(256))),
        ("Login", SqlType::NVarChar(Some(128))),
        ("Host", SqlType::NVarChar(Some(128))),
        ("Program", SqlType::NVarChar(Some(128))),
        ("LoginTime", SqlType::DateTime),
        ("LocalNow", SqlType::DateTime),
        ("Now", SqlType::DateTime),
    ];
    let at = |hour| Value::DateTime(NaiveDate::from_ymd_opt(2026, 11, 20).unwrap().and_hms_opt(hour, 30, 0).unwrap());
    let text = |text: &str| Value::NVarChar(text.to_owned());
    let row = |resource, login| vec![text(resource), text(login), text("pc"), Value::Null, at(12), at(14), at(13)];
    let rows = vec![row("0:[other]:(1)", "somebody"), row("0:[wsusctl]:(2)", "CONTOSO\\eve")];
    script.answer("lock.holder", Reply::Rows(columns, rows));
    let error = session.lock().await.unwrap_err();
    let LockError::Held { holder } = &error else { panic!("{error:?}") };
    let expected = Holder::Session {
        login: Some("CONTOSO\\eve".into()),
        host: Some("pc".into()),
        program: None,
        since: Some(Utc.with_ymd_and_hms(2026, 11, 20, 11, 30, 0).unwrap()),
    };
    assert_eq!(*holder, expected);
    assert_eq!(
        error.to_string(),
        "another apply holds the lock: login CONTOSO\\eve, host pc, program unknown, connected since \
         2026-11-20T11:30:00Z"
    );
    assert!(!session.holds_lock());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_holder_that_may_not_be_seen_is_said_to_be_unknown() {
    let script = Arc::new(Script::default());
    let mut session = session(&script).await;
    script.answer("sp_getapplock", Reply::Return(-1));
    script.answer("lock.holder", Reply::Error(300));
    let error = session.lock().await.unwrap_err();
    assert!(matches!(&error, LockError::Held { holder: Holder::Hidden { .. } }), "{error:?}");
    assert!(error.to_string().contains("may not see other sessions (error 300)"), "{error}");
}

/// Each documented code has its meaning and what to do; one that is not documented is told as such.
#[tokio::test(flavor = "multi_thread")]
async fn other_return_codes_are_told() {
    for (code, meaning, hint) in [
        (-2, "cancelled", "run it again"),
        (-3, "deadlock victim", "run it again"),
        (-999, "a parameter is not valid", "the role public"),
        (-7, "no documented code", "the role public"),
    ] {
        let script = Arc::new(Script::default());
        let mut session = session(&script).await;
        script.answer("sp_getapplock", Reply::Return(code));
        let error = session.lock().await.unwrap_err();
        assert!(matches!(&error, LockError::ReturnCode { code: found, .. } if *found == code), "{error:?}");
        assert!(error.to_string().contains(meaning) && error.to_string().contains(&code.to_string()), "{error}");
        assert!(error.hints()[0].contains(hint), "{:?}", error.hints());
        assert!(!session.holds_lock());
    }
}
