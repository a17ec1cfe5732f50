//! `openras-client` and its examples against the real service.

#[allow(dead_code, reason = "the example is a program")]
#[path = "../../../client/examples/dial.rs"]
mod dial;
#[allow(dead_code, reason = "the example is a program")]
#[path = "../../../client/examples/watch.rs"]
mod watch;

use openras_client::types::event::Event;
use openras_client::{DialOptions, Error, Pause, Service, Step};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::lab::{Lab, PATIENCE, code};
use crate::pauses::{SEED, TOTP};

const PORT: &str = "[[port]]\nname = \"line1\"\nline = \"listen:unix:FOLDER/line1\"\ncalls = 8\n";

/// The lines of the lab's port and its service, as a program in this process meets them.
async fn service(lab: &Lab) -> (Service, DialOptions) {
    let service = Service::connect_to(lab.socket()).await.unwrap();
    (service, DialOptions::new(format!("unix:{}", lab.path("line1").display())).user("alice"))
}

async fn in_time<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, work).await.expect("it takes too long")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_examples_dial_and_watch() {
    let lab = Lab::with(PORT);
    let _server = lab.serve(&[]);
    let (service, options) = service(&lab).await;
    let (watcher, mut lines) = (service.clone(), Vec::new());
    let (listening, listens) = tokio::sync::oneshot::channel();
    let mut listening = Some(listening);
    // a call that is there is listed, and with that the watcher listens
    let first =
        in_time(service.dial(options.clone().password("secret")).await.unwrap().into_future()).await.unwrap();
    let watch = tokio::spawn(async move {
        let show = |line: &str, told: Option<&openras_client::types::event::Told>| {
            listening.take().map(|listening| listening.send(()));
            lines.push(line.to_string());
            !matches!(told.map(|told| &told.event), Some(Event::Ended(ended)) if ended.connected)
        };
        watch::watch(&watcher, show).await.unwrap();
        lines
    });
    in_time(listens).await.unwrap();
    let mut typed = ["alice", "secret"].into_iter();
    let call = dial::call(&service, options.password("not it"), |_| typed.next().unwrap().to_string());
    let pings = in_time(call).await.unwrap();
    assert!(pings.len() == 1 && pings[0].is_some(), "{pings:?}");
    assert_eq!(typed.next(), None, "the pause was answered");
    let lines = in_time(watch).await.unwrap();
    assert!(
        lines[0].contains("RASCS_Connected") || lines.iter().any(|line| line.contains(" up ")),
        "{lines:#?}"
    );
    assert!(lines.iter().any(|line| line.contains("RASCS_RetryAuthentication")), "{lines:#?}");
    first.hang_up().await.unwrap();
    assert!(in_time(first.wait_ended()).await.unwrap().connected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_gives_all_the_other_end_said_and_ends_with_the_pause() {
    let lab = Lab::with(&format!("{PORT}{TOTP}"));
    lab.secret("seed", SEED);
    lab.add("bob", &["--totp-file", "seed"]);
    let _server = lab.serve(&[]);
    let (service, options) = service(&lab).await;
    let call = dial::call(&service, options.user("bob").password("secret"), |prompt| {
        // not a byte of what came before the line was taken is missing
        if prompt.ends_with("User: ") { "bob".to_string() } else { code(SEED) }
    });
    assert!(in_time(call).await.unwrap()[0].is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_typed_is_on_the_line_before_ppp_begins() {
    let lab = Lab::new();
    let _server = {
        lab.config("");
        lab.serve(&[])
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let service = Service::connect_to(lab.socket()).await.unwrap();
    let options = DialOptions::new(format!("tcp:{}", listener.local_addr().unwrap())).pauses(true);
    for _ in 0..20 {
        let mut dialling =
            service.dial(options.clone().terminal(openras_client::TerminalMode::AfterDial)).await.unwrap();
        let (mut line, _) = in_time(listener.accept()).await.unwrap();
        loop {
            match in_time(dialling.next()).await {
                Step::Paused(Pause::Interactive(mut terminal)) => {
                    terminal.write_all(b"typed last").await.unwrap();
                    in_time(terminal.go_on()).await.unwrap();
                    break;
                }
                Step::State(_) | Step::Event(_) => {}
                other => panic!("{other:?}"),
            }
        }
        let mut sent = [0; 13];
        in_time(line.read_exact(&mut sent)).await.unwrap();
        assert_eq!(&sent, b"typed last\x7e\xff\x7d");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_that_is_dropped_hangs_up_and_a_dial_without_answers_says_why() {
    let lab = Lab::with(PORT);
    let _server = lab.serve(&[]);
    let (service, options) = service(&lab).await;
    let wrong = options.password("not it");
    let mut dialling = service.dial(wrong.clone().pauses(true).wait_seen(true)).await.unwrap();
    let failure = loop {
        match in_time(dialling.next()).await {
            Step::Paused(pause) => assert_eq!(pause.state().error.as_ref().unwrap().error, 691),
            Step::Failed(failure) => break failure,
            Step::State(_) | Step::Event(_) => {}
            Step::Connected(_) => panic!("nobody answered"),
        }
    };
    assert_eq!(failure.problem, None, "hung up: {failure}");
    assert!(
        matches!(in_time(dialling.next()).await, Step::Failed(over) if over.problem.as_ref().unwrap().error == 6)
    );
    let paused = in_time(service.dial(wrong.clone().pauses(true)).await.unwrap().into_future()).await;
    assert!(
        matches!(&paused, Err(Error::Paused(state)) if state.name == "RASCS_RetryAuthentication"),
        "{paused:?}"
    );
    let refused = in_time(service.dial(wrong).await.unwrap().into_future()).await.unwrap_err();
    assert_eq!(refused.problem().unwrap().error, 691, "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dial_that_is_dropped_ends_and_a_connection_that_is_dropped_stays() {
    let lab = Lab::with(PORT);
    let _server = lab.serve(&[]);
    let (service, options) = service(&lab).await;
    let mut events = service.events(false).await.unwrap();
    let connection = in_time(service.dial(options.clone().password("secret")).await.unwrap().into_future());
    let connection = connection.await.unwrap();
    let (kept, statistics) = (connection.id(), connection.statistics().await.unwrap());
    assert!(statistics.bytes_sent > 0);
    drop(connection);
    let mut dialling = service.dial(options.password("not it").pauses(true)).await.unwrap();
    let lost = dialling.id();
    assert!(matches!(in_time(dialling.next()).await, Step::State(_)));
    drop(dialling);
    let ended = async {
        loop {
            let told = events.next().await.unwrap().unwrap();
            if let (Event::Ended(ended), true) = (told.event, told.call == lost) {
                return ended;
            }
        }
    };
    assert!(!in_time(ended).await.connected);
    assert!(service.call(kept).await.unwrap().call.over.is_none(), "two seconds later");
    service.hang_up(kept).await.unwrap();
    assert!(in_time(async { service.call(kept).await }).await.is_ok());
    let none = Service::connect_to(lab.path("run/none.sock")).await.unwrap_err();
    assert_eq!(none.problem().unwrap().error, 711, "{none}");
}
