//! Modules that fail, seen from their callers (defence rule 12).

use std::net::SocketAddr;
use std::time::Duration;

use openras_service::{Config, Service};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;
use tokio::time::timeout;

const SOON: Duration = Duration::from_secs(60);

/// Calls from this address, says something to the module, and waits until the call is over.
async fn call(from: &str, to: SocketAddr) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(format!("{from}:0").parse().unwrap()).unwrap();
    let mut line = socket.connect(to).await.unwrap();
    // the call may be over before
    let _ = line.write_all(b"hello\r").await;
    let mut heard = Vec::new();
    let _ = timeout(SOON, line.read_to_end(&mut heard)).await.expect("the call does not end");
}

/// The numbers with which calls from this source ended so far, once there are so many.
async fn ends(record: &std::path::Path, source: &str, count: usize) -> Vec<u32> {
    let all = || {
        let text = std::fs::read_to_string(record).unwrap();
        let of_source = format!("\"source\":\"{source}\"");
        let ended =
            text.lines().filter(|line| line.contains("\"what\":\"ended\"") && line.contains(&of_source));
        ended
            .map(|line| {
                let number = line.split("\"error\":").nth(1).unwrap().split([',', '}']).next().unwrap();
                number.parse().unwrap()
            })
            .collect::<Vec<u32>>()
    };
    timeout(SOON, async {
        while all().len() < count {
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();
    all()
}

/// Rule 12: what one caller's bytes do to a module closes it to that source for a while, and never to another.
#[tokio::test]
async fn a_module_that_crashes_is_closed_to_that_source_only() {
    let folder = tempfile::tempdir().unwrap();
    let (file, state) = (folder.path().join("openras.toml"), folder.path().join("state"));
    let text = "[[port]]\nname = 'a'\nline = 'listen:tcp:127.0.0.1:0'\ncalls = 8\nmodules = ['m']\n\
                [module.m]\nkind = 'program'\ncommand = ['sh', '-c', 'read begin; exit 1']\n\
                isolation = 'none'\n";
    std::fs::write(&file, format!("state = {state:?}\n{text}")).unwrap();
    let service = Service::start(Config::load(&file).unwrap()).await.unwrap();
    let (record, to) = (state.join("audit.jsonl"), service.addresses()[0].1);
    // on a machine that is busy a second may go by between two calls; the wait doubles with each crash
    let mut tries = 0;
    let closed = loop {
        tries += 1;
        call("127.0.0.1", to).await;
        let ends = ends(&record, "127.0.0.1", tries).await;
        assert_eq!(ends.len(), tries);
        assert!(tries > 1 || ends[0] != 666, "the first meets the module: {ends:?}");
        if ends[tries - 1] == 666 {
            break ends;
        }
        assert!(tries < 7, "it is never closed: {ends:?}");
    };
    call("127.0.0.2", to).await;
    let other = ends(&record, "127.0.0.2", 1).await;
    assert_eq!(other[0], closed[0], "another source meets the module itself");
    service.stop().await;
}

/// A dialog keeps the module it began with, whatever becomes of that in the configuration.
#[tokio::test]
async fn a_module_that_a_reload_changes_or_removes_brings_its_dialogs_to_their_end() {
    let folder = tempfile::tempdir().unwrap();
    let (file, state) = (folder.path().join("openras.toml"), folder.path().join("state"));
    let write = |module: &str| {
        let port = "[[port]]\nname = 'a'\nline = 'listen:tcp:127.0.0.1:0'\ncalls = 8\n";
        std::fs::write(&file, format!("state = {state:?}\n{port}{module}")).unwrap();
    };
    let asks = |verdict: &str| {
        format!(
            "modules = ['m']\n[module.m]\nkind = 'program'\nisolation = 'none'\ncommand = ['sh', '-c', '''read begin
             echo '{{\"type\":\"ask\",\"prompt\":\"Word: \"}}'; read answer
             echo '{{\"type\":\"complete\",\"verdict\":\"error\",\"code\":{verdict}}}' ''']\n"
        )
    };
    write(&asks("4001"));
    let service = Service::start(Config::load(&file).unwrap()).await.unwrap();
    let (record, to) = (state.join("audit.jsonl"), service.addresses()[0].1);
    // each reload finds a dialog that waits for its caller
    for (n, (module, expected)) in [(asks("4002"), 4001), (String::new(), 4002)].into_iter().enumerate() {
        let mut line = tokio::net::TcpStream::connect(to).await.unwrap();
        let mut heard = Vec::new();
        while !heard.ends_with(b"Word: ") {
            let mut byte = [0];
            timeout(SOON, line.read_exact(&mut byte)).await.unwrap().unwrap();
            heard.extend(byte);
        }
        write(&module);
        service.reload_file().await.unwrap();
        line.write_all(b"go\r").await.unwrap();
        timeout(SOON, line.read_to_end(&mut heard)).await.unwrap().unwrap();
        assert_eq!(ends(&record, "127.0.0.1", n + 1).await[n], expected);
        // the module's error closed it to this source for a while, which a good one would not have
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(120)).await;
        tokio::time::resume();
    }
    service.stop().await;
}
