use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::SystemTime;

use local_aws::{Error, LocalAws};
use serde_json::json;

use crate::client::{Api, eventually, options, stack};

/// Creates a directory for one test, with the shared Python environment in it.
async fn private_directory() -> tempfile::TempDir {
    stack().await;
    let private = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(local_aws::directory()).unwrap() {
        let entry = entry.unwrap();
        if entry.file_name().to_string_lossy().starts_with("venv-") {
            std::os::unix::fs::symlink(entry.path(), private.path().join(entry.file_name())).unwrap();
        }
    }
    private
}

/// Returns the directories of temporary files, one per emulator.
fn temporary(directory: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap());
    entries.filter(|entry| entry.file_name().to_string_lossy().starts_with("tmp-")).map(|entry| entry.path())
}

/// Returns the port of the emulator that runs in this directory.
fn emulator_port(directory: &Path) -> Option<u16> {
    temporary(directory).find_map(|folder| std::fs::read_to_string(folder.join("port")).ok()?.parse().ok())
}

fn accepts_connections(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}

#[tokio::test]
async fn stopping_leaves_nothing_running_and_no_files() {
    let private = private_directory().await;
    let local = LocalAws::start(options(private.path().to_owned())).await.unwrap();
    let (endpoint, port) = (local.endpoint().to_owned(), emulator_port(private.path()).unwrap());
    Api::at(&endpoint, "600000000001").make_table("orders").await;
    local.scale_waits(0.5).await.unwrap();
    local.stop().await;
    assert!(!accepts_connections(port));
    assert_eq!(temporary(private.path()).count(), 0);
    let proxy = endpoint.rsplit(':').next().unwrap().parse().unwrap();
    eventually("the end of the proxy", async || (!accepts_connections(proxy)).then_some(())).await;
}

#[tokio::test]
async fn dropping_stops_too() {
    let private = private_directory().await;
    let local = LocalAws::start(options(private.path().to_owned())).await.unwrap();
    let port = emulator_port(private.path()).unwrap();
    drop(local);
    assert!(!accepts_connections(port));
    assert_eq!(temporary(private.path()).count(), 0);
}

#[tokio::test]
async fn a_taken_port_is_reported() {
    let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port();
    let private = private_directory().await;
    let mut options = options(private.path().to_owned());
    options.port = Some(port);
    let Err(error) = LocalAws::start(options).await else { panic!("the stack started") };
    assert!(matches!(error, Error::Listen { .. }));
    assert!(error.to_string().contains(&format!("127.0.0.1:{port}")), "{error}");
}

#[tokio::test]
async fn unused_directories_of_killed_stacks_are_removed() {
    let private = private_directory().await;
    let left = |name: &str| {
        let folder = private.path().join(name);
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("port"), "1").unwrap();
        let folder = std::fs::File::open(folder).unwrap();
        folder.set_modified(SystemTime::UNIX_EPOCH).unwrap();
        folder
    };
    left("tmp-abandoned");
    let in_use = left("tmp-in-use");
    in_use.lock().unwrap();
    let local = LocalAws::start(options(private.path().to_owned())).await.unwrap();
    local.stop().await;
    let names: Vec<_> = temporary(private.path()).map(|path| path.file_name().unwrap().to_owned()).collect();
    assert_eq!(names, ["tmp-in-use"]);
}

#[tokio::test]
async fn two_stacks_do_not_share_anything() {
    let private = private_directory().await;
    let local = LocalAws::start(options(private.path().to_owned())).await.unwrap();
    let account = "600000000002";
    Api::at(local.endpoint(), account).make_table("orders").await;
    let other = Api::new(account).await.dynamodb("ListTables", json!({})).await.ok();
    assert_eq!(other["TableNames"], json!([]));
    assert_eq!(local.proxy().calls(account).len(), 2);
    assert_eq!(stack().await.proxy().calls(account).len(), 1);
}

const HOLDER_DIRECTORY: &str = "LOCAL_AWS_HOLDER_DIRECTORY";

/// Runs the process that the next test kills. By itself it does nothing.
#[tokio::test]
async fn holder() {
    #[expect(clippy::disallowed_methods, reason = "the test that runs this one passes the directory")]
    let Some(directory) = std::env::var_os(HOLDER_DIRECTORY).map(PathBuf::from) else { return };
    let _held = LocalAws::start(options(directory.clone())).await.unwrap();
    std::fs::write(directory.join("ready"), "").unwrap();
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn the_emulator_does_not_outlive_a_killed_process() {
    let private = private_directory().await;
    let mut holder = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "lifetime::holder"])
        .env(HOLDER_DIRECTORY, private.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    eventually("the start", async || private.path().join("ready").exists().then_some(())).await;
    let port = emulator_port(private.path()).unwrap();
    assert!(accepts_connections(port));
    holder.kill().unwrap();
    holder.wait().unwrap();
    eventually("the emulator's end", async || (!accepts_connections(port)).then_some(())).await;
    eventually("the removal of its files", async || (temporary(private.path()).count() == 0).then_some(()))
        .await;
}
