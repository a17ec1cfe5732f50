//! A dial from Python by ctypes: no header of ours, only the documented layout.

use std::path::Path;

use crate::scene::{Scene, ended};
use crate::stage::found;

#[test]
fn python_dials_by_ctypes() {
    if !found("python_dials_by_ctypes", "python3") {
        return;
    }
    let scene = Scene::new();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/c_dial/dial.py");
    let mut command = scene.stage.command(Path::new("python3"));
    command.arg(script).arg(scene.stage.lib().join("librasapi32.so")).args(["Office", "alice", "secret"]);
    let output = scene.live.run(&mut command);
    ended("dial.py", &output, 0);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "good\n");
}
