use std::process::Command;

use openras_ppp::hdlc::{Framing, frame};

use super::*;

#[path = "../../../sim/src/peers/skip.rs"]
mod skip;

fn framed(protocol: Protocol, packet: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    frame(protocol, packet, Framing::DEFAULT, false, &mut out);
    out
}

/// A PAP request for `alice` with the password `geheim`.
fn pap() -> Vec<u8> {
    [b"\x01\x07\x00\x11\x05alice\x06geheim".as_slice()].concat()
}

fn contains(all: &[u8], part: &[u8]) -> bool {
    all.windows(part.len()).any(|window| window == part)
}

/// A capture of one call, complete, and its file.
async fn capture() -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("call.pcapng");
    std::fs::write(&path, "what was there before").unwrap();
    let mut capture = Capture::create(&path).unwrap();
    let written = capture.written();
    capture.connected();
    capture.received(b"login: ");
    capture.sent(b"alice\r\n123456\r\n");
    capture.sent(&framed(Protocol::LCP, b"\x01\x01\x00\x0e\x02\x06\x00\x00\x00\x00\x07\x02\x08\x02"));
    let all = framed(Protocol::PAP, &pap());
    // any cut of the bytes
    all.chunks(3).for_each(|bytes| capture.sent(bytes));
    capture.received(&framed(Protocol::PAP, b"\x02\x07\x00\x05\x00"));
    let mut change = b"\x07\x09\x02\x4a".to_vec();
    change.extend([b'S'; 582]);
    capture.sent(&framed(Protocol::CHAP, &change));
    let mut reject = b"\x08\x0a\x00\x17\xc0\x23".to_vec();
    reject.extend(pap());
    capture.received(&framed(Protocol::LCP, &reject));
    capture.sent(&framed(
        Protocol::IP,
        b"\x45\x00\x00\x14\x00\x01\x00\x00\x40\x01\x00\x00\x0a\x40\x00\x01\x0a\x40\x00\x02",
    ));
    drop(capture);
    assert_eq!(written.wait().await, Summary { frames: 6, dropped: 0 });
    (folder, path)
}

#[tokio::test]
async fn secrets_and_what_came_before_ppp_are_not_in_the_file() {
    let (_folder, path) = capture().await;
    let all = std::fs::read(&path).unwrap();
    assert!(contains(&all, b"\xc0\x23\x01\x07\x00\x11\x05alice\x06\0\0\0\0\0\0"));
    for secret in [b"geheim".as_slice(), b"SSSS", b"123456", b"login", b"before"] {
        assert!(!contains(&all, secret), "{secret:?}");
    }
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_pap_request_with_wrong_lengths_is_blanked_whole() {
    let mut body = pap();
    body[4] = 200;
    blank_pap(&mut body);
    assert!(!contains(&body, b"geheim"));
    let mut short = b"\x01\x07\x00".to_vec();
    blank_pap(&mut short);
    assert_eq!(short, b"\x01\x07\x00");
}

#[test]
fn a_compressed_protocol_field_is_written_whole() {
    assert_eq!(redact(b"\x21\x45\x00"), b"\x00\x21\x45\x00");
    assert_eq!(redact(b"\x00\x21\x45"), b"\x00\x21\x45");
    assert_eq!(redact(b"\xc0"), b"\xc0");
}

/// What tshark says of a file with these options; `None` where there is no tshark.
fn tshark(test: &str, path: &Path, options: &[&str]) -> Option<String> {
    match Command::new("tshark").arg("-r").arg(path).args(options).output() {
        Ok(shown) => {
            let err = String::from_utf8_lossy(&shown.stderr);
            assert!(shown.status.success() && !err.contains("cut short"), "{err}");
            Some(String::from_utf8_lossy(&shown.stdout).replace('\t', " ").to_lowercase())
        }
        Err(error) => {
            skip::skip(test, &format!("tshark does not run ({error}); run peers/install as root"));
            None
        }
    }
}

#[tokio::test]
async fn tshark_reads_every_frame_with_its_direction() {
    let (_folder, path) = capture().await;
    let fields = ["ppp.direction", "frame.packet_flags_direction", "ppp.protocol", "pap.password"];
    let options: Vec<&str> =
        ["-T", "fields"].into_iter().chain(fields.iter().flat_map(|f| ["-e", f])).collect();
    let Some(text) = tshark("tshark_reads_every_frame_with_its_direction", &path, &options) else { return };
    // PPP's own numbers: 0 is sent, 1 is received; those of the block: 2 is outbound, 1 is inbound
    let want = [
        "0 0x00000002 0xc021",
        "0 0x00000002 0xc023",
        "1 0x00000001 0xc023",
        "0 0x00000002 0xc223",
        "1 0x00000001 0xc021",
        "0 0x00000002 0x0021",
    ];
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), want.len(), "{text}");
    for (line, want) in lines.iter().zip(want) {
        assert!(line.starts_with(want), "{line} is not {want}");
    }
    assert!(!text.contains("geheim"), "{text}");
}

#[tokio::test]
async fn what_a_slow_file_misses_is_counted_in_it() {
    let (_folder, path, [frames, dropped]) = left_lying().await;
    let bytes = std::fs::read(&path).unwrap();
    assert!(contains(&bytes, b"call 7 of \\u{1b}alice"), "the comment, made safe to show");
    let name = "what_a_slow_file_misses_is_counted_in_it";
    let Some(text) = tshark(name, &path, &["-T", "fields", "-e", "frame.drop_count"]) else { return };
    assert_eq!(text.lines().count() as u64, frames);
    let told: u64 = text.lines().filter_map(|line| line.trim().parse::<u64>().ok()).sum();
    assert!(told > 0 && told <= dropped, "{told} of {dropped}");
}

/// Fills a pipe that nobody reads, then reads it to its end. Gives the copy and what was written and left out.
async fn left_lying() -> (tempfile::TempDir, std::path::PathBuf, [u64; 2]) {
    let (reader, writer) = std::io::pipe().unwrap();
    let mut capture =
        Capture::about(File::from(std::os::fd::OwnedFd::from(writer)), "call 7 of \u{1b}alice").unwrap();
    let written = capture.written();
    capture.connected();
    let one = framed(Protocol::IP, &[0x45; 1500]);
    let sent = 4000;
    // 6 MB where 1 MiB may wait: had any of it been waited for, this would not end
    (0..sent).for_each(|_| capture.sent(&one));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("copy.pcapng");
    let mut copy = File::create(&path).unwrap();
    let mut reader = File::from(std::os::fd::OwnedFd::from(reader));
    let copied = std::thread::spawn(move || std::io::copy(&mut reader, &mut copy).unwrap());
    // one frame behind the gap says how wide it was; more than fits may still lie before it
    capture.queue.until_empty();
    capture.sent(&one);
    drop(capture);
    let Summary { frames, dropped } = written.wait().await;
    copied.join().unwrap();
    assert_eq!(frames + dropped, sent + 1);
    assert!(dropped > 2000, "{dropped}");
    (folder, path, [frames, dropped])
}

#[tokio::test]
async fn a_pipe_that_nobody_reads_is_given_up_after_the_call() {
    let (_reader, writer) = std::io::pipe().unwrap();
    let mut capture = Capture::to(File::from(std::os::fd::OwnedFd::from(writer))).unwrap();
    let written = capture.written();
    let one = framed(Protocol::IP, &[0x45; 1500]);
    (0..1000).for_each(|_| capture.received(&one));
    drop(capture);
    let Summary { frames, .. } = written.wait().await;
    assert!(frames < 500, "{frames} do not fit a pipe");
}

#[tokio::test]
async fn a_full_disk_ends_the_capture_only() {
    let mut capture = Capture::to(OpenOptions::new().write(true).open("/dev/full").unwrap()).unwrap();
    let written = capture.written();
    let waited = tokio::spawn(written.wait());
    // the thread is gone before the call is
    assert_eq!(waited.await.unwrap().frames, 0);
    capture.sent(&framed(Protocol::LCP, b"\x09\x01\x00\x08\x00\x00\x00\x00"));
}

#[test]
fn links_and_pipes_without_a_reader_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (file, link, pipe) =
        (folder.path().join("file"), folder.path().join("link"), folder.path().join("pipe"));
    std::fs::write(&file, "kept").unwrap();
    std::os::unix::fs::symlink(&file, &link).unwrap();
    assert!(Capture::create(&link).is_err());
    assert_eq!(std::fs::read(&file).unwrap(), b"kept");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    assert!(Capture::create(&pipe).is_err());
    assert!(Capture::create(Path::new("/dev/null")).is_err());
}
