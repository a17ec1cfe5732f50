//! What `docs/modules.md` shows is true: its messages are taken, its shell module runs.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use openras_engine::server::{DialogCommand, DialogOutput, DialogVerdict};
use openras_modules::process::{ProgramConfig, ProgramModule};
use openras_modules::{CallInfo, Parts, protocol, start};

/// How long the module may take for each step; it ends a test that hangs.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(180);

fn guide() -> String {
    std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/modules.md")).unwrap()
}

/// The first block of this language.
fn block(language: &str) -> String {
    let guide = guide();
    let (_, rest) = guide.split_once(&format!("```{language}\n")).expect("the guide has such a block");
    rest.split_once("```").unwrap().0.to_owned()
}

#[test]
fn the_conversation_is_one_the_service_would_have() {
    let text = block("text");
    let said: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("> ")).collect();
    assert_eq!(said.len(), 5);
    for line in said {
        assert!(protocol::parse(line.as_bytes(), false).is_ok(), "{line}");
    }
    let config = serde_json::json!({ "greeting": "Lab 4" });
    let begin = protocol::Begin {
        v: protocol::VERSION,
        call: "c17",
        port: "line1/3",
        device: "tcp",
        line: "tcp",
        source: "192.0.2.7",
        number: None,
        limit: Some(300),
        config: &config,
    };
    let told =
        [begin.line(), protocol::line(&"alice".into()), protocol::line(&"1234".into()), protocol::end()];
    let shown: Vec<String> =
        text.lines().filter_map(|line| line.strip_prefix("< ")).map(|line| format!("{line}\n")).collect();
    assert_eq!(shown, told.map(|line| String::from_utf8(line.to_vec()).unwrap()));
}

async fn badge(typed: &str) -> DialogVerdict {
    let parts = Parts { helper: Some(env!("CARGO_BIN_EXE_openras-module-jail").into()), ..Parts::default() };
    let mut config = ProgramConfig::new(["sh", "-c", &block("sh")]);
    // a host may be slow
    (config.limits.begin, config.limits.answer) = (PATIENCE, PATIENCE);
    let module = ProgramModule::new("badge", config, &parts).unwrap();
    let mut ends = start(std::sync::Arc::new(module), CallInfo::default());
    loop {
        match ends.commands.recv().await.expect("a verdict always comes") {
            DialogCommand::Ask(_) => ends.events.send(DialogOutput::Line(typed.into())).await.unwrap(),
            DialogCommand::Complete(verdict) => return verdict,
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn the_shell_module_works_as_printed() {
    let alice = DialogVerdict::Success { user: "alice".into(), domain: String::new() };
    let nobody = DialogVerdict::Failure { user: String::new(), domain: String::new() };
    assert_eq!(badge("4711").await, alice);
    for wrong in ["4712", "", "4711\"}", "$(id)", "\\\"4711"] {
        assert_eq!(badge(wrong).await, nobody, "{wrong}");
    }
}
