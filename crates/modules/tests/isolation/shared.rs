//! One process for many dialogs.

use std::sync::Arc;

use openras_engine::server::DialogVerdict;
use openras_modules::process::{Isolation, ProgramConfig};
use openras_modules::{Module, Registry};

use crate::common::*;

/// A shared module in Python: what a caller types decides what becomes of the dialog.
const PROGRAM: &str = r#"
import json, os, sys
def tell(dialog, **message):
    print(json.dumps(dict(message, dialog=dialog)), flush=True)
dialogs = set()
for line in sys.stdin:
    message = json.loads(line)
    dialog = message["dialog"]
    if message["type"] == "begin":
        dialogs.add(dialog)
        tell(dialog, type="ask", prompt="?")
    elif message["type"] == "end":
        dialogs.discard(dialog)
    elif message["type"] == "line":
        word = message["text"]
        if word == "crash":
            os._exit(7)
        if word == "flood":
            # at one go: many messages a second however slow the host is
            said = json.dumps({"type": "send", "text": "x", "dialog": dialog})
            print("\n".join([said] * 1000), flush=True)
        elif word == "twice":
            for verdict in ("failure", "success"):
                tell(dialog, type="complete", verdict=verdict, user="bob")
        elif word == "other":
            for other in dialogs - {dialog}:
                pass
            for name in ("d9999", "", 7, None):
                tell(name, type="complete", verdict="success", user="mallory")
            print(json.dumps({"type": "complete", "verdict": "success", "user": "mallory"}), flush=True)
            tell(dialog, type="complete", verdict="failure", user="carol")
        elif word != "wait":
            tell(dialog, type="complete", verdict="success", user=word)
"#;

fn shared(test: &str) -> Option<(Registry, Arc<dyn Module>)> {
    if !std::path::Path::new("/usr/bin/python3").exists() {
        skip(test, "no /usr/bin/python3");
        return None;
    }
    let mut config = ProgramConfig::new(["/usr/bin/python3", "-c", PROGRAM]);
    config.isolation = Isolation::Shared;
    Some(module(patient(config)))
}

fn success(user: &str) -> DialogVerdict {
    DialogVerdict::Success { user: user.into(), domain: String::new() }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_dialogs_at_a_time_have_one_process_and_their_own_verdicts() {
    let Some((registry, module)) = shared("shared::many_dialogs_at_a_time") else { return };
    let calls: Vec<_> = (0..100)
        .map(|n| {
            let module = module.clone();
            tokio::spawn(async move {
                let user = format!("user{n}");
                assert_eq!(call(&module, &user).await.0, success(&user));
            })
        })
        .collect();
    for one in calls {
        one.await.unwrap();
    }
    let condition = registry.conditions().next().unwrap().1;
    assert_eq!((condition.started, condition.failed, condition.refused), (1, 0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_and_verdicts_for_nobody_cost_their_own_dialog_only() {
    let Some((registry, module)) = shared("shared::a_flood_and_verdicts_for_nobody") else { return };
    let (flood, twice, other, good) = tokio::join!(
        call(&module, "flood"),
        call(&module, "twice"),
        call(&module, "other"),
        call(&module, "alice")
    );
    assert!(matches!(flood.0, DialogVerdict::Error { code: 1816, .. }), "{:?}", flood.0);
    assert_eq!(twice.0, DialogVerdict::Failure { user: "bob".into(), domain: String::new() });
    assert_eq!(other.0, DialogVerdict::Failure { user: "carol".into(), domain: String::new() });
    assert_eq!(good.0, success("alice"));
    assert_eq!(call(&module, "later").await.0, success("later"));
    let condition = registry.conditions().next().unwrap().1;
    assert_eq!((condition.started, condition.failed), (1, 0));
    assert!(condition.refused >= 5, "{condition:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_ends_all_its_dialogs_and_the_next_ones_have_a_new_process() {
    let Some((registry, module)) = shared("shared::a_crash_ends_all_its_dialogs") else { return };
    let waiting: Vec<_> = (0..5)
        .map(|_| {
            let mut ends = openras_modules::start(module.clone(), openras_modules::CallInfo::default());
            async move {
                // asked, and so in the process's hands
                ends.commands.recv().await.unwrap();
                ends
            }
        })
        .collect();
    let mut seated = Vec::new();
    for one in waiting {
        seated.push(one.await);
    }
    let crashed = call(&module, "crash").await.0;
    for ends in seated {
        let (verdict, _) = line(ends, "").await;
        let DialogVerdict::Error { code: 1067, text } = &verdict else { panic!("{verdict:?}") };
        assert!(text.contains("status 7"), "{text}");
    }
    assert!(matches!(crashed, DialogVerdict::Error { code: 1067, .. }), "{crashed:?}");
    assert_eq!(call(&module, "alice").await.0, success("alice"));
    let condition = registry.conditions().next().unwrap().1;
    assert_eq!((condition.started, condition.failed), (2, 1));
}
