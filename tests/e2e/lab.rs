//! A sandbox file in a directory of its own, and the built program run against it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tempfile::TempDir;

use crate::validator::Validator;

/// A directory with a sandbox file.
pub struct Lab {
    directory: TempDir,
}

/// What a run of the program left behind.
#[derive(Debug, Clone)]
pub struct Ran {
    /// Exit status.
    pub status: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Lab {
    /// A lab whose server has this seed. The demo is made once and then copied.
    pub fn new(seed: &str) -> Self {
        static DEMO: OnceLock<Vec<u8>> = OnceLock::new();
        let lab = Self::empty();
        let init = || {
            lab.run(&["sandbox", "init", "lab.db", "--seed", seed]).expect_status(0);
        };
        if seed == "demo" {
            let demo = DEMO.get_or_init(|| {
                init();
                fs::read(lab.path("lab.db")).unwrap()
            });
            fs::write(lab.path("lab.db"), demo).unwrap();
        } else {
            init();
        }
        lab
    }

    /// A lab without a sandbox file.
    pub fn empty() -> Self {
        Self { directory: TempDir::new().unwrap() }
    }

    /// The directory.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Writes a manifest for `sandbox:lab.db` with this `spec` (two spaces deep, as under `spec:`).
    pub fn manifest(&self, spec: &str) -> &Self {
        self.manifest_with("", spec)
    }

    /// Likewise, with options behind the question mark of the sandbox's URL.
    pub fn manifest_with(&self, options: &str, spec: &str) -> &Self {
        let question = if options.is_empty() { "" } else { "?" };
        let text = format!(
            "apiVersion: wsusctl/v1alpha1\nkind: WsusServer\nmetadata: {{name: lab}}\n\
             connection: {{database: 'sandbox:lab.db{question}{options}'}}\nspec:\n{spec}"
        );
        fs::write(self.path("lab.yaml"), text).unwrap();
        self
    }

    /// Changes the server's state by hand, as a console click would.
    pub fn sql(&self, statements: &str) -> &Self {
        self.database().execute_batch(statements).unwrap();
        self
    }

    /// One number from the server's state.
    pub fn number(&self, query: &str) -> i64 {
        self.database().query_row(query, [], |row| row.get(0)).unwrap()
    }

    /// One text from the server's state.
    pub fn text(&self, query: &str) -> String {
        self.database().query_row(query, [], |row| row.get(0)).unwrap()
    }

    /// The first column of a query.
    pub fn texts(&self, query: &str) -> Vec<String> {
        let database = self.database();
        let mut statement = database.prepare(query).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    /// Statements that changed something so far.
    pub fn writes(&self) -> i64 {
        self.number("SELECT COUNT(*) FROM sandbox_writes")
    }

    fn database(&self) -> Connection {
        Connection::open(self.path("lab.db")).unwrap()
    }

    /// Runs the program in the lab's directory, without a terminal and without our environment's secrets.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        let ran = run_in(self.directory.path(), arguments);
        if shows_a_plan(arguments) && !ran.out.is_empty() {
            plan_fits_its_schema(&ran.out);
        }
        if arguments.first() == Some(&"export") && ran.out.contains("\napiVersion: ") {
            manifest_fits_its_schema(&ran.out);
        }
        ran
    }

    /// Runs the program in the lab's directory, prepared further: with variables or with something to read.
    pub fn run_with(&self, arguments: &[&str], prepare: impl FnOnce(&mut Command)) -> Ran {
        let mut command = self.command(arguments);
        prepare(&mut command);
        ran(command.output().unwrap())
    }

    /// A run that is still to be started.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = program();
        command.args(arguments).current_dir(self.directory.path());
        command
    }

    /// `diff` of the lab's manifest.
    pub fn diff(&self) -> Ran {
        self.run(&["diff", "-f", "lab.yaml"])
    }

    /// `apply` of the lab's manifest without asking.
    pub fn apply(&self) -> Ran {
        self.run(&["apply", "-f", "lab.yaml", "--yes"])
    }

    /// The JSON plan of the lab's manifest.
    pub fn plan(&self) -> serde_json::Value {
        let ran = self.run(&["diff", "-f", "lab.yaml", "--output", "json"]);
        serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {ran:?}"))
    }

    /// The JSON plan of this spec.
    pub fn plan_of(&self, spec: &str) -> serde_json::Value {
        self.manifest(spec).plan()
    }

    /// Expects `diff` and `apply` to end with this status and to leave the server alone; gives what `diff` said.
    #[track_caller]
    pub fn refused(&self, diff: i32, apply: i32) -> Ran {
        let writes = self.writes();
        let shown = self.diff();
        shown.expect_status(diff);
        self.apply().expect_status(apply);
        assert_eq!(self.writes(), writes, "something was written");
        shown
    }

    /// Applies twice: the first run must succeed, the second must find nothing to do and write nothing.
    pub fn apply_twice(&self) -> &Self {
        self.apply().expect_status(0);
        let writes = self.writes();
        let second = self.apply();
        second.expect_status(0);
        assert!(second.out.contains("No differences"), "{second:?}");
        assert_eq!(self.writes(), writes, "the second apply wrote: {second:?}");
        self
    }
}

impl Ran {
    /// Fails the test unless the program ended with this status.
    #[track_caller]
    pub fn expect_status(&self, status: i32) -> &Self {
        assert_eq!(self.status, status, "stdout:\n{}\nstderr:\n{}", self.out, self.err);
        self
    }

    /// Fails the test unless standard error contains this.
    #[track_caller]
    pub fn expect_err(&self, text: &str) -> &Self {
        assert!(self.err.contains(text), "no {text:?} in stderr:\n{}\nstdout:\n{}", self.err, self.out);
        self
    }

    /// Fails the test if either stream contains this.
    #[track_caller]
    pub fn expect_nowhere(&self, text: &str) -> &Self {
        assert!(!self.err.contains(text) && !self.out.contains(text), "{text:?} in {self:?}");
        self
    }

    /// Fails the test unless standard output contains this.
    #[track_caller]
    pub fn expect_out(&self, text: &str) -> &Self {
        assert!(self.out.contains(text), "no {text:?} in stdout:\n{}\nstderr:\n{}", self.out, self.err);
        self
    }
}

/// A run under way. It is killed when the test ends before it does.
pub struct Running(Option<Child>);

impl Running {
    /// Starts a run whose streams are read at its end.
    pub fn start(mut command: Command) -> Self {
        Self(Some(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()))
    }

    /// Starts a run whose standard error goes to a file, to be read while it runs.
    pub fn start_logging(mut command: Command, log: &Path) -> Self {
        let log = fs::File::create(log).unwrap();
        Self(Some(command.stdout(Stdio::piped()).stderr(log).spawn().unwrap()))
    }

    /// Waits until something is so that the run brings about.
    #[track_caller]
    pub fn wait_until(&mut self, mut so: impl FnMut() -> bool) -> &mut Self {
        let begun = Instant::now();
        while !so() {
            assert!(begun.elapsed() < Duration::from_secs(30), "it never came about");
            assert!(self.child().try_wait().unwrap().is_none(), "the run ended before");
            thread::sleep(Duration::from_millis(10));
        }
        self
    }

    /// Sends a signal by its name.
    #[cfg(unix)]
    pub fn signal(&mut self, name: &str) -> &mut Self {
        let id = self.child().id().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), id.as_str()]).status().unwrap().success());
        self
    }

    /// Ends it at once, as a power failure would.
    pub fn kill(mut self) {
        self.child().kill().unwrap();
        self.end();
    }

    /// Waits for its end.
    pub fn end(mut self) -> Ran {
        ran(self.0.take().unwrap().wait_with_output().unwrap())
    }

    fn child(&mut self) -> &mut Child {
        self.0.as_mut().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// The built program, without the variables that would change what it does.
pub fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wsusctl"));
    command.stdin(Stdio::null()).env_remove("WSUSCTL_PASSWORD").env_remove("NO_COLOR").env_remove("COLUMNS");
    command
}

/// Runs the program in a directory.
pub fn run_in(directory: &Path, arguments: &[&str]) -> Ran {
    ran(program().args(arguments).current_dir(directory).output().unwrap())
}

/// What a finished process left behind.
pub fn ran(output: Output) -> Ran {
    Ran {
        status: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Whether a run writes the JSON plan.
fn shows_a_plan(arguments: &[&str]) -> bool {
    let json = arguments.windows(2).any(|pair| ["-o", "--output"].contains(&pair[0]) && pair[1] == "json");
    json && ["diff", "plan", "apply", "validate"].contains(&arguments[0])
}

/// Fails the test unless a document is what the schema of the JSON plan says, without a field that it does not have.
#[track_caller]
fn plan_fits_its_schema(document: &str) {
    thread_local! {
        static VALIDATOR: Validator = Validator::strict(&wsusctl::report::json::schema().render());
    }
    let document = serde_json::from_str(document).unwrap();
    let problems = VALIDATOR.with(|validator| validator.problems(&document));
    assert!(problems.is_empty(), "{problems:#?}\n{document:#}");
}

/// Fails the test unless an exported manifest is what the schema of manifests says.
#[track_caller]
fn manifest_fits_its_schema(yaml: &str) {
    thread_local! {
        static VALIDATOR: Validator = Validator::new(&wsusctl::manifest::schema().render());
    }
    let document = serde_saphyr::from_str(yaml).unwrap();
    let problems = VALIDATOR.with(|validator| validator.problems(&document));
    assert!(problems.is_empty(), "{problems:#?}\n{yaml}");
}
