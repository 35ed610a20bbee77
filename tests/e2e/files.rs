//! Files that people write and shells redirect: read alike however they are stored, and read as files only.

use std::fs;

use wsusctl::encoding::Encoding;

use crate::connection::{PASSWORD, Served, pin};
use crate::lab::Lab;

/// As editors and PowerShell store a text.
const STORED: [Encoding; 4] =
    [Encoding::Utf8 { marked: false }, Encoding::Utf8 { marked: true }, Encoding::Utf16Le, Encoding::Utf16Be];

/// What PowerShell's `>` makes of the text of a file.
fn redirected(lab: &Lab, file: &str) {
    let text = fs::read_to_string(lab.path(file)).unwrap().replace('\n', "\r\n");
    fs::write(lab.path(file), Encoding::Utf16Le.encode(&text)).unwrap();
}

#[test]
fn a_password_and_a_certificate_are_the_same_however_they_are_stored() {
    let lab = Lab::new("demo");
    let served = Served::start(&lab, &["--write-cert", "served.pem"]);
    let certificate = fs::read_to_string(lab.path("served.pem")).unwrap();
    let server = served.url("?ca=ca.pem");
    let arguments = ["get", "groups", "--server", &server, "--password-file", "password"];
    for encoding in STORED {
        fs::write(lab.path("password"), encoding.encode(&format!("{PASSWORD}\r\n"))).unwrap();
        fs::write(lab.path("ca.pem"), encoding.encode(&certificate)).unwrap();
        lab.run(&arguments).expect_status(0).expect_out("Kiosks");
    }
    let unmarked: Vec<u8> = PASSWORD.encode_utf16().flat_map(u16::to_le_bytes).collect();
    fs::write(lab.path("password"), unmarked).unwrap();
    lab.run(&arguments)
        .expect_status(3)
        .expect_err("this is UTF-16 without a byte order mark")
        .expect_err("save the file as UTF-8");
    fs::write(lab.path("password"), format!("{PASSWORD}\n")).unwrap();
    fs::write(lab.path("ca.pem"), b"\x30\x82\x03\x01").unwrap();
    lab.run(&arguments).expect_status(3).expect_err("ca.pem").expect_err("certutil -encode");
}

#[test]
fn a_snapshot_and_a_manifest_may_come_through_a_redirection() {
    let lab = Lab::new("demo");
    lab.sql("UPDATE tbTargetGroup SET Name = 'Branch 2' WHERE Name LIKE 'Zweigstelle%'");
    lab.manifest("  groups: [{name: Servers}, {name: Neu-M\u{fc}nchen}]\n");
    lab.run(&["snapshot", "--server", "sandbox:lab.db", "--out", "hq.snapshot"]).expect_status(0);
    let diff = ["diff", "-f", "lab.yaml", "--against", "hq.snapshot"];
    let before = lab.run(&diff);
    before.expect_status(2).expect_out("Neu-M\u{fc}nchen");
    redirected(&lab, "hq.snapshot");
    redirected(&lab, "lab.yaml");
    lab.run(&diff).expect_status(2).expect_out("Neu-M\u{fc}nchen");
    let text = fs::read(lab.path("lab.yaml")).unwrap();
    fs::write(lab.path("lab.yaml"), [&text[..], b"x\0:\0"].concat()).unwrap();
    lab.run(&diff).expect_status(3).expect_err("lab.yaml:");
    fs::write(lab.path("hq.snapshot"), &fs::read(lab.path("hq.snapshot")).unwrap()[2..]).unwrap();
    fs::write(lab.path("lab.yaml"), text).unwrap();
    lab.run(&diff)
        .expect_status(3)
        .expect_err("this is UTF-16 without a byte order mark")
        .expect_err("--out FILE and not with `>`");
}

#[test]
fn a_manifest_that_is_refreshed_stays_stored_as_it_was() {
    let lab = Lab::new("demo");
    lab.run(&["export", "--server", "sandbox:lab.db", "--out", "hq.yaml"]).expect_status(0);
    redirected(&lab, "hq.yaml");
    lab.sql("UPDATE tbConfigurationB SET LogLevel = 4");
    lab.run(&["export", "--update", "hq.yaml"]).expect_status(0).expect_err("refreshed: hq.yaml");
    assert!(fs::read(lab.path("hq.yaml")).unwrap().starts_with(b"\xff\xfe#\0"));
    lab.run(&["diff", "-f", "hq.yaml"]).expect_status(0).expect_out("No differences");
}

#[cfg(unix)]
mod unix {
    use std::io::Write;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::process::Command;

    use super::*;

    #[test]
    fn pipes_and_links_below_a_directory_are_not_read() {
        let lab = Lab::new("demo");
        lab.manifest("  groups: [{name: Servers}]\n");
        fs::create_dir_all(lab.path("site/..data")).unwrap();
        fs::rename(lab.path("lab.yaml"), lab.path("site/..data/lab.yaml")).unwrap();
        // As orchestrators mount them: links inside the directory.
        symlink("..data/lab.yaml", lab.path("site/lab.yaml")).unwrap();
        let validate = || lab.run(&["validate", "-f", "site"]);
        validate().expect_status(0);
        symlink("/proc/self/environ", lab.path("site/x.yaml")).unwrap();
        validate().expect_status(3).expect_err("site/x.yaml is a link out of the directory");
        fs::remove_file(lab.path("site/x.yaml")).unwrap();
        assert!(Command::new("mkfifo").arg(lab.path("site/x.yaml")).status().unwrap().success());
        validate().expect_status(3).expect_err("it is a pipe, and only files are read");
        // One that is named is somebody's choice.
        symlink("site/lab.yaml", lab.path("link.yaml")).unwrap();
        lab.run(&["validate", "-f", "link.yaml"]).expect_status(0);
        lab.run(&["validate", "-f", "site/x.yaml"]).expect_status(3).expect_err("it is a pipe");
    }

    #[test]
    fn a_password_file_is_small_private_and_a_file_or_what_the_shell_hands_over() {
        let lab = Lab::new("demo");
        let served = Served::start(&lab, &[]);
        let server = served.url(&format!("?pin={}", pin(&lab)));
        let with = |file| lab.run(&["get", "groups", "--server", &server, "--password-file", file]);
        fs::write(lab.path("password"), format!("{PASSWORD}\n")).unwrap();
        for (mode, warns) in [(0o600, false), (0o644, true)] {
            fs::set_permissions(lab.path("password"), fs::Permissions::from_mode(mode)).unwrap();
            let ran = with("password");
            ran.expect_status(0);
            assert_eq!(ran.err.contains("(mode 644): chmod 600 password"), warns, "{}", ran.err);
        }
        fs::write(lab.path("password"), vec![b'x'; 5000]).unwrap();
        with("password").expect_status(3).expect_err("it is larger than 4096 bytes");
        with("/dev/zero").expect_status(3).expect_err("it is a device");
        let (reader, mut writer) = std::io::pipe().unwrap();
        writeln!(writer, "{PASSWORD}").unwrap();
        drop(writer);
        let piped = lab.run_with(&["get", "groups", "--server", &server, "--password-file", "/dev/stdin"], |command| {
            command.stdin(reader);
        });
        piped.expect_status(0).expect_out("Kiosks");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_program_that_holds_a_password_leaves_no_core_dump() {
        let lab = Lab::new("demo");
        let served = Served::start(&lab, &[]);
        let limits = fs::read_to_string(format!("/proc/{}/limits", served.id())).unwrap();
        let core: Vec<&str> =
            limits.lines().find(|line| line.contains("core file")).unwrap().split_whitespace().collect();
        assert_eq!(core[4..6], ["0", "0"], "{limits}");
    }
}
