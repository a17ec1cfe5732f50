use proptest::prelude::*;

use super::*;

fn end(role: Role, mode: Mode) -> Telnet {
    Telnet::new(Config { role, mode, echo: false, com_port: false })
}

fn opening(telnet: &mut Telnet) -> Vec<u8> {
    let mut out = Vec::new();
    telnet.open(&mut out);
    out
}

fn sent(telnet: &mut Telnet, data: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    telnet.send(data, &mut out);
    out
}

/// Two ends talk until both are silent; gives how many octets that took.
fn settle(one: &mut Telnet, two: &mut Telnet) -> usize {
    let (mut to_two, mut to_one) = (opening(one), opening(two));
    let mut octets = 0;
    while !to_one.is_empty() || !to_two.is_empty() {
        octets += to_one.len() + to_two.len();
        assert!(octets < 1000, "they never stop");
        let from_two = two.receive(&std::mem::take(&mut to_two));
        let from_one = one.receive(&std::mem::take(&mut to_one));
        assert!(from_one.data.is_empty() && from_two.data.is_empty());
        to_one.extend(from_two.answer);
        to_two.extend(from_one.answer);
    }
    octets
}

#[test]
fn two_ends_agree_on_eight_bits_and_stop_talking() {
    for (one, two) in [(Role::Client, Role::Server), (Role::Server, Role::Client)] {
        let (mut one, mut two) = (end(one, Mode::Telnet), end(two, Mode::Telnet));
        settle(&mut one, &mut two);
        assert!(one.is_binary() && two.is_binary());
        let all: Vec<u8> = (0..=255).chain([CR, LF, CR, NUL, CR]).collect();
        let wire = sent(&mut one, &all);
        assert_eq!(wire.len(), all.len() + 1, "only FF is doubled");
        assert_eq!(two.receive(&wire).data, all);
    }
}

#[test]
fn a_server_opens_as_modem_servers_do() {
    let config = Config { role: Role::Server, mode: Mode::Telnet, echo: true, com_port: false };
    // WILL BINARY, WILL ECHO, WILL SGA, DO BINARY, DO SGA
    let expected = [255, 251, 0, 255, 251, 1, 255, 251, 3, 255, 253, 0, 255, 253, 3];
    assert_eq!(opening(&mut Telnet::new(config)), expected);
}

#[test]
fn what_nobody_knows_is_refused_and_an_acknowledgement_never_answered() {
    let mut server = end(Role::Server, Mode::Telnet);
    opening(&mut server);
    // WILL TERMINAL-TYPE, DO LINEMODE, WILL NAWS
    assert_eq!(
        server.receive(&[IAC, WILL, 24, IAC, DO, 34, IAC, WILL, 31]).answer,
        [IAC, DONT, 24, IAC, WONT, 34, IAC, DONT, 31]
    );
    let acknowledged = [IAC, DO, BINARY, IAC, WILL, BINARY];
    for _ in 0..3 {
        assert_eq!(server.receive(&acknowledged).answer, []);
    }
    assert!(server.is_binary());
    // taken back once, agreed once
    assert_eq!(server.receive(&[IAC, DONT, BINARY, IAC, DONT, BINARY]).answer, [IAC, WONT, BINARY]);
    assert_eq!(server.receive(&[IAC, WONT, 200, IAC, DONT, 200]).answer, []);
}

#[test]
fn without_binary_a_carriage_return_is_a_pair() {
    let mut server = end(Role::Server, Mode::Telnet);
    opening(&mut server);
    assert_eq!(server.receive(b"alice\r\0secret\r\nx\ry").data, b"alice\rsecret\r\nx\ry");
    assert_eq!(sent(&mut server, b"a\r\nb\rc\r"), b"a\r\nb\r\0c\r");
    assert_eq!(sent(&mut server, b"\nd\r"), b"\nd\r", "cut between the two");
    assert_eq!(sent(&mut server, b"e"), b"\0e");
}

/// A command may stand between a CR and what says how it is meant: neither end loses or adds an octet by that.
#[test]
fn a_command_between_a_carriage_return_and_its_pair_changes_nothing() {
    let mut server = end(Role::Server, Mode::Telnet);
    opening(&mut server);
    assert_eq!(server.receive(&[b'a', CR, IAC, 241, NUL, b'b', CR, IAC, WONT, 9, LF]).data, b"a\rb\r\n");
    assert_eq!(server.receive(&[CR, IAC, SB, 31, 0, IAC, SE]).data, b"\r");
    assert_eq!(server.receive(&[NUL, b'c', NUL]).data, b"c\0");
    assert_eq!(server.receive(&[CR, IAC, IAC, NUL]).data, [CR, IAC, NUL]);
    // ours, too: a CR that waits for its pair has it before anything else is said
    sent(&mut server, b"x\r");
    assert_eq!(server.receive(&[IAC, WILL, 99]).answer, [NUL, IAC, DONT, 99]);
    assert_eq!(sent(&mut server, b"\ny"), b"\ny");
    // in binary a NUL means itself
    assert_eq!(server.receive(&[CR, IAC, WILL, BINARY, NUL, b'd']).data, b"\r\0d");
}

#[test]
fn a_greeting_of_an_emulated_modem_is_answered_and_never_data() {
    let greeting = [255, 251, 1, 255, 251, 0, 255, 253, 0];
    // PPP in telnet's words
    let mut port = end(Role::Server, Mode::Auto);
    assert_eq!(opening(&mut port), []);
    let found = port.receive(&greeting);
    assert_eq!(found.data, []);
    assert!(found.answer.starts_with(&[IAC, WILL, BINARY]) && port.is_telnet());
    assert_eq!(port.receive(&[0x7e, 255, 255, 0x7d, 0x23, 0x7e]).data, [0x7e, 255, 0x7d, 0x23, 0x7e]);
    assert_eq!(sent(&mut port, &[0x7e, 255, 3]), [0x7e, 255, 255, 3]);

    // the same greeting, and then raw octets
    let mut port = end(Role::Server, Mode::Auto);
    port.receive(&greeting);
    let frame = [0x7e, 255, 0x7d, 0x23, 255, 255, 255, 251, 0x7e];
    assert_eq!(port.receive(&frame).data, frame);
    assert!(!port.is_telnet());
    assert_eq!(sent(&mut port, &frame), frame);
}

#[test]
fn who_has_never_heard_of_telnet_gets_every_octet() {
    let mut port = end(Role::Server, Mode::Auto);
    assert_eq!(sent(&mut port, &[255, 3, CR]), [255, 3, CR]);
    let frame = [0x7e, 255, 3, 0xc0, 0x21, 255, 255, 255, 253, 1, 0x7e];
    let mut data = Vec::new();
    for octet in frame {
        let found = port.receive(&[octet]);
        assert_eq!(found.answer, []);
        data.extend(found.data);
    }
    assert_eq!(data, frame);
}

/// SLIP has no address field that would decide: BOOTP's broadcast goes through whole, cut wherever.
#[test]
fn ones_in_a_packet_of_who_never_spoke_telnet_are_not_halved() {
    let packet = [0xc0, 0x45, 0, 0, 0, 0, 255, 255, 255, 255, 68, 0xc0];
    let mut port = end(Role::Server, Mode::Auto);
    assert_eq!(port.receive(&packet).data, packet);
    let data: Vec<u8> = packet.iter().flat_map(|octet| port.receive(&[*octet]).data).collect();
    assert_eq!(data, packet);
    // and who greets behind it is understood
    assert_eq!(port.receive(&[IAC, WILL, BINARY]).data, []);
    assert!(port.is_telnet());
}

#[test]
fn a_command_behind_a_flag_is_no_frame() {
    // a person types a tilde, and the window changes: behind the FF of a frame comes 03 or 7D, never a command's number
    let mut port = end(Role::Server, Mode::Auto);
    port.receive(&[IAC, WILL, 31]);
    assert_eq!(port.receive(&[b'~', IAC, SB, 31, 0, 80, 0, 24, IAC, SE, b'a']).data, b"~a");
    assert_eq!(port.receive(&[0x7e, IAC, DO, SUPPRESS_GO_AHEAD]).data, [0x7e]);
    for command in 236..SE {
        assert_eq!(port.receive(&[IAC, command, b'b']).data, b"b", "{command}");
    }
    assert!(port.is_telnet());
    // and one that begins with the negotiation of a frame's flag before it is still found out
    assert_eq!(port.receive(&[0x7e, 255, 3, 0xc0]).data, [0x7e, 255, 3, 0xc0]);
    assert!(!port.is_telnet());
}

#[test]
fn commands_are_taken_out() {
    let mut server = end(Role::Server, Mode::Telnet);
    let found = server.receive(&[b'a', IAC, BREAK, IAC, 241, b'b', IAC, ARE_YOU_THERE, IAC, IAC]);
    assert_eq!(found.data, [b'a', b'b', IAC]);
    assert_eq!(found.events, [Event::Break]);
    assert_eq!(found.answer, b"\r\n[Yes]\r\n");
}

#[test]
fn rfc_2217_is_agreed_and_its_octets_come_whole() {
    let with = |role| Telnet::new(Config { role, mode: Mode::Telnet, echo: false, com_port: true });
    let (mut client, mut server) = (with(Role::Client), with(Role::Server));
    settle(&mut client, &mut server);
    assert!(client.has_com_port() && server.has_com_port());
    let mut wire = Vec::new();
    client.say_com_port(&[5, 255, 8], &mut wire);
    assert_eq!(wire, [IAC, SB, COM_PORT, 5, IAC, IAC, 8, IAC, SE]);
    assert_eq!(server.receive(&wire).events, [Event::ComPortSays(vec![5, 255, 8])]);
    // a server that was not asked to takes none
    let mut other = end(Role::Server, Mode::Telnet);
    settle(&mut with(Role::Client), &mut other);
    assert!(!other.has_com_port());
    assert_eq!(other.receive(&wire).events, []);
}

#[test]
fn a_subnegotiation_without_end_holds_little_and_what_follows_is_found() {
    let mut server = end(Role::Server, Mode::Telnet);
    server.receive(&[IAC, SB, 31]);
    for _ in 0..1000 {
        assert_eq!(server.receive(&[b'x'; 1000]), Received::default());
    }
    assert!(server.sub.capacity() <= 2 * LONGEST_SUBNEGOTIATION);
    assert_eq!(server.receive(&[IAC, IAC, IAC, SE, b'z']).data, b"z");
    // another command in the midst of one: the end was forgotten
    assert_eq!(server.receive(&[IAC, SB, 31, 0, 80, IAC, BREAK, b'y']).events, [Event::Break]);
}

#[test]
fn a_peer_that_only_asks_is_answered_within_bounds() {
    let mut server = end(Role::Server, Mode::Telnet);
    let asks: Vec<u8> = (0..100_000).flat_map(|_| [IAC, WILL, 99]).collect();
    assert!(server.receive(&asks).answer.len() <= MOST_ANSWERS + 3);
}

proptest! {
    #[test]
    fn any_cut_finds_the_same(
        octets in proptest::collection::vec(prop_oneof![
            3 => any::<u8>(), 2 => Just(IAC), 1 => 240u8..=254, 1 => Just(CR), 1 => Just(0x7e), 1 => 0u8..4,
        ], 0..200),
        cuts in proptest::collection::vec(0usize..200, 0..8),
        mode in prop_oneof![Just(Mode::Raw), Just(Mode::Telnet), Just(Mode::Auto)],
        com_port: bool,
    ) {
        let new = || Telnet::new(Config { role: Role::Server, mode, echo: true, com_port });
        let mut whole = new();
        let expected = whole.receive(&octets);
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(octets.len())).collect();
        cuts.extend([0, octets.len()]);
        cuts.sort_unstable();
        let mut parts = new();
        let mut found = Received::default();
        for cut in cuts.windows(2) {
            let part = parts.receive(&octets[cut[0]..cut[1]]);
            found.data.extend(part.data);
            found.answer.extend(part.answer);
            found.events.extend(part.events);
        }
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn what_one_end_sends_the_other_receives(
        parts in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..50), 0..8),
        mode in prop_oneof![Just(Mode::Telnet), Just(Mode::Raw)],
    ) {
        let (mut one, mut two) = (end(Role::Client, mode), end(Role::Server, mode));
        settle(&mut one, &mut two);
        let mut data = Vec::new();
        for part in &parts {
            data.extend(two.receive(&sent(&mut one, part)).data);
        }
        prop_assert_eq!(data, parts.concat());
    }
}

/// ser2net as a client says nothing in telnet before its first frame, and doubles FF in that.
#[test]
fn a_frame_in_telnets_words_is_answered_by_asking_for_8_bits() {
    let config = Config { role: Role::Server, mode: Mode::Auto, echo: false, com_port: false };
    let mut telnet = Telnet::new(config);
    let received = telnet.receive(b"\x7e\xff\xff\x7d\x23");
    assert_eq!(received.data, b"\x7e\xff\x7d\x23");
    assert!(received.answer.windows(3).any(|verb| verb == [IAC, WILL, BINARY]), "{:x?}", received.answer);
    assert!(received.answer.windows(3).any(|verb| verb == [IAC, DO, BINARY]), "{:x?}", received.answer);
    assert!(telnet.receive(b"\x7e\xff\xff\x7d\x23").answer.is_empty(), "once");
}

/// A lone FF typed at a prompt never reached its module: it waited for a command that nobody had begun.
#[test]
fn a_lone_ff_of_who_never_spoke_telnet_is_data_after_a_while() {
    let config = Config { role: Role::Server, mode: Mode::Auto, echo: false, com_port: false };
    let mut telnet = Telnet::new(config);
    assert_eq!(telnet.receive(b"ab\xff").data, b"ab");
    assert!(telnet.is_in_doubt());
    assert_eq!(telnet.settle(), Some(0xff));
    assert!(!telnet.is_in_doubt() && telnet.settle().is_none());
    assert_eq!(telnet.receive(b"c").data, b"c");
    // one who speaks telnet does not leave its commands half said
    telnet.receive(&[IAC, WILL, BINARY, IAC]);
    assert_eq!(telnet.settle(), None);
}
