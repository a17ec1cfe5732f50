//! Questions of callers, asked of the resolvers this machine itself asks (resolv.conf(5)).
//!
//! The message goes on as it came and comes back as it is, but for its number: outside it has one that nobody can know
//! who does not hear it, whatever the caller counts with (RFC 5452 §9.2). Its number and its question are compared. An answer
//! that is too long for UDP says so itself, and the caller asks again over TCP, which goes to the same resolver.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::net::UdpSocket;
use tokio::time::timeout;

/// Servers a resolver asks, resolv.conf(5) `MAXNS`.
const MOST: usize = 3;
/// How often each is asked.
const ROUNDS: u32 = 2;
/// How long all of it may take; the NAT waits [`Times::question`](openras_nat::Times), which is 20 s.
const PATIENCE: Duration = Duration::from_secs(18);
/// How long one server may take, if there is time for it.
const LONGEST: Duration = Duration::from_secs(5);
/// Octets of a file that are looked at.
const FILE: u64 = 64 * 1024;
const PORT: u16 = 53;
/// The header of a DNS message, RFC 1035 §4.1.1, and some of its answers' codes.
const HEADER: usize = 12;
const FORMERR: u8 = 1;
const SERVFAIL: u8 = 2;
const NOTIMP: u8 = 4;
const REFUSED: u8 = 5;

/// Whom to ask. Shared by all calls.
#[derive(Debug)]
pub struct Resolver(Source);

#[derive(Debug)]
enum Source {
    Fixed(Arc<[SocketAddr]>),
    File { path: PathBuf, read: Mutex<Option<(SystemTime, Arc<[SocketAddr]>)>> },
}

impl Resolver {
    /// Those of this machine, in `/etc/resolv.conf`.
    #[must_use]
    pub fn system() -> Self {
        Self::file(Path::new("/etc/resolv.conf"))
    }

    /// Those in a file like it, which is read again when it has changed.
    #[must_use]
    pub fn file(path: &Path) -> Self {
        Self(Source::File { path: path.to_owned(), read: Mutex::default() })
    }

    /// These.
    #[must_use]
    pub fn fixed(servers: &[SocketAddr]) -> Self {
        Self(Source::Fixed(servers.iter().copied().take(MOST).collect()))
    }

    /// Whom to ask now, the first first; never empty.
    #[must_use]
    pub fn servers(&self) -> Arc<[SocketAddr]> {
        let (path, read) = match &self.0 {
            Source::Fixed(servers) => return servers.clone(),
            Source::File { path, read } => (path, read),
        };
        let changed =
            std::fs::metadata(path).and_then(|about| about.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
        let mut read = read.lock().unwrap_or_else(PoisonError::into_inner);
        match &*read {
            Some((at, servers)) if *at == changed => servers.clone(),
            _ => {
                let servers: Arc<[_]> = parse(&text(path).unwrap_or_default()).into();
                *read = Some((changed, servers.clone()));
                servers
            }
        }
    }
}

fn text(path: &Path) -> io::Result<String> {
    use std::io::Read;
    let mut text = String::new();
    std::fs::File::open(path)?.take(FILE).read_to_string(&mut text)?;
    Ok(text)
}

/// The `nameserver` lines; without any, this machine (resolv.conf(5)).
fn parse(text: &str) -> Vec<SocketAddr> {
    let named = text.lines().filter_map(|line| {
        let mut words = line.split_ascii_whitespace();
        (words.next() == Some("nameserver")).then(|| server(words.next()?)).flatten()
    });
    let servers: Vec<_> = named.take(MOST).collect();
    if servers.is_empty() { vec![SocketAddr::new(Ipv4Addr::LOCALHOST.into(), PORT)] } else { servers }
}

/// An address; a link-local one with its interface, as `fe80::1%eth0`.
fn server(word: &str) -> Option<SocketAddr> {
    if let Ok(address) = word.parse::<IpAddr>() {
        return Some(SocketAddr::new(address, PORT));
    }
    let (address, interface) = word.split_once('%')?;
    let number = match interface.parse() {
        Ok(number) => number,
        Err(_) => nix::net::if_::if_nametoindex(interface).ok()?,
    };
    Some(SocketAddrV6::new(address.parse::<Ipv6Addr>().ok()?, PORT, 0, number).into())
}

/// The answer to a question of at least a header, which has this number outside; one that says that nobody answered, if
/// nobody did.
pub(super) async fn ask(servers: Arc<[SocketAddr]>, mut question: Vec<u8>, outside: u16) -> Vec<u8> {
    let number = question.first_chunk().map_or(0, |number| u16::from_be_bytes(*number));
    set_number(&mut question, outside);
    let mut answer = answer_to(servers, question).await;
    set_number(&mut answer, number);
    answer
}

fn set_number(message: &mut [u8], number: u16) {
    if let Some(place) = message.first_chunk_mut() {
        *place = number.to_be_bytes();
    }
}

async fn answer_to(servers: Arc<[SocketAddr]>, question: Vec<u8>) -> Vec<u8> {
    let tries = u32::try_from(servers.len()).unwrap_or(1).max(1) * ROUNDS;
    let patience = (PATIENCE / tries).min(LONGEST);
    let mut last = None;
    for _ in 0..ROUNDS {
        for server in servers.iter() {
            match timeout(patience, one(*server, &question)).await {
                Ok(Ok(answer)) if !gave_up(&answer) => return answer,
                Ok(Ok(answer)) => last = Some(answer),
                // silent, or not there: the next one may be
                Ok(Err(_)) | Err(_) => {}
            }
        }
        // who has answered at all will not say anything else
        if let Some(answer) = last {
            return answer;
        }
    }
    failure(&question)
}

/// One server's answer. The socket is connected: nobody else's datagram comes in, and a server that is not there is
/// an error at once.
async fn one(server: SocketAddr, question: &[u8]) -> io::Result<Vec<u8>> {
    let any: IpAddr =
        if server.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((any, 0)).await?;
    socket.connect(server).await?;
    socket.send(question).await?;
    loop {
        socket.readable().await?;
        let mut answer = Vec::with_capacity(65535);
        match socket.try_recv_buf(&mut answer) {
            Ok(_) if answers(&answer, question) => {
                answer.shrink_to_fit();
                return Ok(answer);
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}

/// Same number, same question, and an answer (RFC 5452 §9.1). A server that could make nothing of the message may leave
/// the question out.
fn answers(answer: &[u8], question: &[u8]) -> bool {
    let response = answer.get(2).is_some_and(|flags| flags & 0x80 != 0);
    let same = match (asked(question), asked(answer)) {
        (Some(question), Some(answer)) => question.eq_ignore_ascii_case(answer),
        // none, more than one, or in a form nobody uses: there is nothing to compare
        (None, _) => true,
        (Some(_), None) => {
            let none = answer.get(4..6) == Some(&[0, 0]);
            none && answer
                .get(3)
                .is_some_and(|code| matches!(code & 0x0f, FORMERR | SERVFAIL | NOTIMP | REFUSED))
        }
    };
    answer.len() >= HEADER && response && answer.get(..2) == question.get(..2) && same
}

/// The question of a message that has one: name, type and class (RFC 1035 §4.1.2).
fn asked(message: &[u8]) -> Option<&[u8]> {
    if message.get(4..6)? != [0, 1] {
        return None;
    }
    let mut end = HEADER;
    loop {
        match *message.get(end)? {
            0 => break,
            // a label; a pointer cannot stand in the first name
            length @ 1..=63 => end += 1 + usize::from(length),
            64.. => return None,
        }
    }
    message.get(HEADER..end + 5)
}

/// The server itself could not, or would not; another may.
fn gave_up(answer: &[u8]) -> bool {
    matches!(answer.get(3).map(|flags| flags & 0x0f), Some(SERVFAIL | REFUSED))
}

/// `SERVFAIL` for a question, so that its asker need not wait.
fn failure(question: &[u8]) -> Vec<u8> {
    let mut answer = question.to_vec();
    if let Some([_, _, flags, code, ..]) = answer.first_chunk_mut::<HEADER>() {
        // an answer, recursion available; opcode and "recursion desired" as they were
        *flags = (*flags & 0x79) | 0x80;
        *code = 0x80 | SERVFAIL;
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolv_conf_is_read_as_its_manual_says() {
        let text = "# by hand\ndomain example.org\nnameserver 192.0.2.1\n  nameserver\t2001:db8::53 # two\n\
                    nameserver fe80::1%7\nnameserver 192.0.2.9\noptions edns0\n";
        let shown: Vec<_> = parse(text).iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["192.0.2.1:53", "[2001:db8::53]:53", "[fe80::1%7]:53"]);
        assert_eq!(parse("search x\nnameserver\nnameserver no\n"), ["127.0.0.1:53".parse().unwrap()]);
    }

    #[test]
    fn a_file_that_changes_is_read_again() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "nameserver 192.0.2.1\n").unwrap();
        let resolver = Resolver::file(file.path());
        assert_eq!(resolver.servers()[0].to_string(), "192.0.2.1:53");
        std::fs::write(file.path(), "nameserver 192.0.2.2\n").unwrap();
        let later = SystemTime::now() + Duration::from_secs(2);
        file.as_file().set_modified(later).unwrap();
        assert_eq!(resolver.servers()[0].to_string(), "192.0.2.2:53");
    }

    fn question(number: u16) -> Vec<u8> {
        let [high, low] = number.to_be_bytes();
        vec![high, low, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, b'a', 0, 0, 1, 0, 1]
    }

    async fn server() -> (UdpSocket, SocketAddr) {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        (socket, address)
    }

    /// Answers each question with this code, and counts them.
    async fn answer_all(socket: UdpSocket, code: u8) {
        let mut buffer = [0; 512];
        while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
            let mut answer = failure(&buffer[..length]);
            answer[3] = 0x80 | code;
            socket.send_to(&answer, from).await.unwrap();
        }
    }

    #[tokio::test]
    async fn the_next_server_is_asked_where_one_gives_up_or_is_not_there() {
        let (gone, gone_at) = server().await;
        drop(gone);
        let (lame, lame_at) = server().await;
        let (good, good_at) = server().await;
        let serving = [tokio::spawn(answer_all(lame, SERVFAIL)), tokio::spawn(answer_all(good, 3))];
        let answer = ask([gone_at, lame_at, good_at].into(), question(77), 5).await;
        assert_eq!((answer[..2].to_vec(), answer[3] & 15), (vec![0, 77], 3), "the third one's answer");
        let answer = ask([gone_at, lame_at].into(), question(78), 5).await;
        assert_eq!(answer[3] & 15, SERVFAIL);
        serving.iter().for_each(tokio::task::JoinHandle::abort);
    }

    #[tokio::test(start_paused = true)]
    async fn where_nobody_answers_the_caller_hears_that_before_it_is_too_late() {
        let (_silent, at) = server().await;
        let began = tokio::time::Instant::now();
        let answer = ask([at, at, at].into(), question(9), 5).await;
        assert!(began.elapsed() < Duration::from_secs(19), "{:?}", began.elapsed());
        assert_eq!(answer[..4], [0, 9, 0x81, 0x82]);
        assert_eq!(answer[4..], question(9)[4..]);
    }

    /// The caller counts its questions, as old systems do; outside nobody can guess.
    #[tokio::test]
    async fn who_knows_the_callers_numbers_cannot_answer_in_the_servers_place() {
        let (server, at) = server().await;
        let asked = tokio::spawn(ask([at].into(), question(1), 0x4321));
        let mut buffer = [0; 512];
        let (length, from) = server.recv_from(&mut buffer).await.unwrap();
        assert_eq!(buffer[..2], [0x43, 0x21]);
        assert_eq!(buffer[2..length], question(1)[2..]);
        let mut right = failure(&buffer[..length]);
        right[3] = 0x83;
        let mut forged = right.clone();
        forged[..2].copy_from_slice(&[0, 1]);
        let mut other = right.clone();
        other[13] = b'b';
        let mut bare = right[..HEADER].to_vec();
        bare[4..6].fill(0);
        for wrong in [&forged, &other, &bare] {
            server.send_to(wrong, from).await.unwrap();
        }
        server.send_to(&right, from).await.unwrap();
        let answer = asked.await.unwrap();
        assert_eq!(
            (answer[..2].to_vec(), &answer[2..]),
            (vec![0, 1], &right[2..]),
            "with the caller's number"
        );
    }

    #[test]
    fn an_answer_has_the_questions_number_and_the_question() {
        let mut upper = failure(&question(5));
        upper[13] = b'A';
        assert!(answers(&upper, &question(5)), "some servers write names as they like");
        upper[13] = b'b';
        assert!(!answers(&upper, &question(5)));
        let mut answer = failure(&question(5));
        assert!(answers(&answer, &question(5)));
        assert!(!answers(&question(5), &question(5)), "a question is no answer");
        answer[1] = 6;
        assert!(!answers(&answer, &question(5)));
    }
}
