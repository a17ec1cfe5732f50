//! Terminals, pipes, sockets and files as standard input and output.

use std::net::{Ipv4Addr, TcpListener, TcpStream};

use rustix::fs::{Mode, open};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::LocalModes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

#[tokio::test]
async fn a_terminal_is_raw_for_the_call_and_then_as_it_was() {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap();
    let slave = open(name.as_c_str(), OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
    let echoes = || tcgetattr(&slave).unwrap().local_modes.contains(LocalModes::ECHO);
    let blocks = || !fcntl_getfl(&slave).unwrap().contains(OFlags::NONBLOCK);
    assert!(echoes() && blocks());
    let (mut stream, mut found) = StdioStream::new(&slave, &slave).unwrap();
    assert!(!echoes() && !blocks());
    assert_eq!(stream.peer(), None);
    rustix::io::write(&master, b"\x03\r\xff").unwrap();
    let mut read = [0; 3];
    stream.read_exact(&mut read).await.unwrap();
    assert_eq!(&read, b"\x03\r\xff", "as it is");
    stream.write_all(b"\n").await.unwrap();
    let mut back = [0; 4];
    assert_eq!(rustix::io::read(&master, &mut back).unwrap(), 1, "no CR is added");
    stream.shutdown().await.unwrap();
    assert_eq!(stream.read(&mut read).await.unwrap(), 0, "hung up");
    drop(stream);
    found.unused().await;
    drop(found);
    assert!(echoes() && blocks());
}

#[tokio::test]
async fn pipes_end_with_their_writer_and_a_file_is_refused() {
    let (input, ours) = rustix::pipe::pipe().unwrap();
    let (theirs, output) = rustix::pipe::pipe().unwrap();
    let (mut stream, _found) = StdioStream::new(&input, &output).unwrap();
    rustix::io::write(&ours, b"hello").unwrap();
    let mut read = [0; 5];
    stream.read_exact(&mut read).await.unwrap();
    stream.write_all(&read).await.unwrap();
    assert_eq!(rustix::io::read(&theirs, &mut read).unwrap(), 5);
    drop(ours);
    assert_eq!(stream.read(&mut read).await.unwrap(), 0);
    let file = tempfile::tempfile().unwrap();
    let refused = StdioStream::new(&file, &output).err().unwrap();
    assert_eq!(refused.kind(), io::ErrorKind::InvalidInput);
}

#[tokio::test]
async fn a_socket_says_that_no_more_comes_and_where_it_comes_from() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let far = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (near, _) = listener.accept().unwrap();
    let (mut stream, _found) = StdioStream::new(&near, &near).unwrap();
    assert_eq!(stream.peer(), Some(Ipv4Addr::LOCALHOST.into()));
    stream.write_all(b"bye").await.unwrap();
    stream.shutdown().await.unwrap();
    far.set_nonblocking(true).unwrap();
    let mut far = tokio::net::TcpStream::from_std(far).unwrap();
    let mut read = Vec::new();
    far.read_to_end(&mut read).await.unwrap();
    assert_eq!(read, b"bye");
}
