//! `tablekeeper demo`, the first command of a newcomer, with its own local stack.

use std::process::Stdio;

use tokio::process::Command;

#[tokio::test]
async fn the_demo_succeeds() {
    let mut demo = Command::new(env!("CARGO_BIN_EXE_tablekeeper"));
    let reported = demo.args(["demo", "--items", "16"]).stdin(Stdio::null()).output().await.unwrap();
    let story = String::from_utf8_lossy(&reported.stdout);
    let remarks = String::from_utf8_lossy(&reported.stderr);
    assert!(reported.status.success(), "{story}{remarks}");
    for expected in ["SUCCEEDED", "16 of 16 items are equal to the backup", "The demo succeeded"] {
        assert!(story.contains(expected), "{expected:?} is missing in\n{story}{remarks}");
    }
}

#[tokio::test]
async fn the_demo_of_a_verification_finds_the_damage() {
    let mut demo = Command::new(env!("CARGO_BIN_EXE_tablekeeper"));
    let reported =
        demo.args(["demo", "verified", "--items", "16"]).stdin(Stdio::null()).output().await.unwrap();
    let story = String::from_utf8_lossy(&reported.stdout);
    let remarks = String::from_utf8_lossy(&reported.stderr);
    assert!(reported.status.success(), "{story}{remarks}");
    for expected in ["the damage was found", "1 changed and 15 equal", "16 of 16 items are equal", "pinned"] {
        assert!(story.contains(expected), "{expected:?} is missing in\n{story}{remarks}");
    }
}
