//! A client as Windows 95 and 98 have one, byte by byte: callback, multilink and an endpoint discriminator in its first
//! request, then CCP with MPPC, IPX and NetBEUI beside IP, and a slow human at the terminal window before it. Everything
//! it asks is answered, and IP comes up.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::rc::Rc;
use std::time::Duration;

use openras_engine::server::port::PortConfig;
use openras_ppp::AuthMethod;
use openras_ppp::hdlc::Deframer;
use openras_ppp::show::show;
use openras_ppp::wire::{Code, ControlPacket, Options, Protocol};
use openras_sim::Side;
use openras_sim::calls::port_config;

use crate::far::{Does, Far, frame};
use crate::stage::{Actor, answerer, play, store, why};

const IPXCP: Protocol = Protocol(0x802b);
const NBFCP: Protocol = Protocol(0x803f);

/// LCP: ACCM 0, a magic number, both compressions, callback (operation 6), MRRU 1614, endpoint discriminator of class 1
/// with 20 octets (ppp-wire.md §5).
const LCP: &[u8] = &[
    2, 6, 0, 0, 0, 0, 5, 6, 0x00, 0x25, 0x91, 0x4c, 7, 2, 8, 2, 13, 3, 6, 17, 4, 0x06, 0x4e, 19, 23, 1, 0x0a,
    0x3c, 0xe7, 0x20, 0x41, 0xde, 0x11, 0xd1, 0x8a, 0x53, 0x44, 0x45, 0x53, 0x54, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x01,
];
/// CCP: MPPC, and no encryption (RFC 2118 §2).
const CCP: &[u8] = &[18, 6, 0, 0, 0, 1];
/// IPXCP: a network and node of its own, no compression (RFC 1552 §4).
const IPX: &[u8] = &[1, 6, 0, 0, 0, 0, 2, 8, 0, 0, 0, 0, 0, 0];
/// NBFCP: peer information and no multicast filter (RFC 2097 §5).
const NBF: &[u8] = &[2, 15, 1, 2, 0, 4, 0, 0, b'O', b'L', b'D', b'B', b'O', b'X', 0];
/// IPCP: Van Jacobson, no address yet, DNS and NBNS twice each (RFC 1332, RFC 1877).
const IPCP: &[u8] = &[
    2, 6, 0, 0x2d, 15, 1, 3, 6, 0, 0, 0, 0, 0x81, 6, 0, 0, 0, 0, 0x82, 6, 0, 0, 0, 0, 0x83, 6, 0, 0, 0, 0,
    0x84, 6, 0, 0, 0, 0,
];

/// What the client has seen and come to.
#[derive(Default)]
struct Diary {
    /// Packets of the server, as text.
    heard: Vec<String>,
    /// Options of its own, by protocol, as they stand.
    wants: BTreeMap<u16, Vec<u8>>,
    /// Protocols whose own request was acknowledged.
    open: Vec<Protocol>,
    /// What came before PPP.
    text: String,
    /// PPP has begun.
    ppp: bool,
}

struct OldClient {
    diary: Rc<RefCell<Diary>>,
    deframer: Deframer,
    identifier: u8,
    /// What the human types at which prompt.
    typing: Vec<(&'static str, &'static str)>,
}

type Said = Vec<(Duration, Vec<u8>)>;

/// Half a second a key.
const KEY: Duration = Duration::from_millis(500);
/// How long the human reads first.
const READS: Duration = Duration::from_secs(12);

impl OldClient {
    fn hear(&mut self, bytes: &[u8]) -> Said {
        let ppp = self.diary.borrow().ppp;
        if ppp { self.frames(bytes) } else { self.read(bytes) }
    }

    /// The terminal window.
    fn read(&mut self, bytes: &[u8]) -> Said {
        self.diary.borrow_mut().text.push_str(&String::from_utf8_lossy(bytes));
        let text = self.diary.borrow().text.clone();
        let Some((prompt, answer)) = self.typing.first().copied() else { return self.begin() };
        if !text.ends_with(prompt) {
            return Vec::new();
        }
        self.typing.remove(0);
        let keys = answer.bytes().enumerate();
        let mut said: Said =
            keys.map(|(n, key)| (READS + KEY * u32::try_from(n).unwrap(), vec![key])).collect();
        if self.typing.is_empty() {
            // F7: the window closes, and PPP begins
            let typed = said.last().map_or(Duration::ZERO, |(at, _)| *at);
            said.extend(self.begin().into_iter().map(|(at, bytes)| (typed + READS + at, bytes)));
        }
        said
    }

    fn begin(&mut self) -> Said {
        self.diary.borrow_mut().ppp = true;
        vec![self.request(Protocol::LCP, LCP)]
    }

    fn say(&self, protocol: Protocol, code: Code, identifier: u8, body: &[u8]) -> (Duration, Vec<u8>) {
        let mut packet = Vec::new();
        ControlPacket { code, identifier, body }.emit(&mut packet);
        (Duration::from_millis(80), frame(protocol, &packet))
    }

    fn request(&mut self, protocol: Protocol, options: &[u8]) -> (Duration, Vec<u8>) {
        self.identifier += 1;
        self.diary.borrow_mut().wants.insert(protocol.0, options.to_vec());
        self.say(protocol, Code::CONFIGURE_REQUEST, self.identifier, options)
    }

    fn frames(&mut self, mut bytes: &[u8]) -> Said {
        let mut packets = Vec::new();
        while let Some(found) = self.deframer.next_frame(&mut bytes) {
            if let Ok([high, low, packet @ ..]) = found {
                packets.push((Protocol(u16::from_be_bytes([*high, *low])), packet.to_vec()));
            }
        }
        packets.into_iter().flat_map(|(protocol, packet)| self.packet(protocol, &packet)).collect()
    }

    fn packet(&mut self, protocol: Protocol, bytes: &[u8]) -> Said {
        self.diary.borrow_mut().heard.push(show(protocol, bytes));
        let Ok(packet) = ControlPacket::parse(bytes) else { return Vec::new() };
        match (protocol, packet.code) {
            (Protocol::PAP, Code(2)) => self.networks(),
            (Protocol::CBCP, Code(1)) => {
                // no callback: type 1, no delay (MS-CBCP)
                vec![self.say(Protocol::CBCP, Code(2), packet.identifier, &[1, 2])]
            }
            (Protocol::CBCP, Code(3)) => self.ask_for_networks(),
            (_, Code::CONFIGURE_REQUEST) => self.asked(protocol, packet),
            (_, Code::CONFIGURE_ACK) => self.agreed(protocol),
            (_, Code::CONFIGURE_NAK | Code::CONFIGURE_REJECT) => self.refused(protocol, packet),
            (Protocol::LCP, Code::ECHO_REQUEST) => {
                let magic = [0x00, 0x25, 0x91, 0x4c];
                vec![self.say(Protocol::LCP, Code::ECHO_REPLY, packet.identifier, &magic)]
            }
            _ => Vec::new(),
        }
    }

    fn asked(&mut self, protocol: Protocol, packet: ControlPacket<'_>) -> Said {
        if ![Protocol::LCP, Protocol::IPCP].contains(&protocol) {
            let mut body = protocol.0.to_be_bytes().to_vec();
            packet.emit(&mut body);
            return vec![self.say(Protocol::LCP, Code::PROTOCOL_REJECT, 200, &body)];
        }
        vec![self.say(protocol, Code::CONFIGURE_ACK, packet.identifier, packet.body)]
    }

    fn agreed(&mut self, protocol: Protocol) -> Said {
        self.diary.borrow_mut().open.push(protocol);
        if protocol != Protocol::LCP {
            return Vec::new();
        }
        // the window of the name and password; in the clear, as it asks for no encryption
        let mut body = vec![5];
        body.extend(b"alice");
        body.push(13);
        body.extend(b"correct horse");
        vec![self.say(Protocol::PAP, Code(1), 1, &body)]
    }

    /// After PAP: CBCP first, where callback was agreed.
    fn networks(&mut self) -> Said {
        let callback =
            self.diary.borrow().wants[&Protocol::LCP.0].windows(3).any(|option| option == [13, 3, 6]);
        if callback { Vec::new() } else { self.ask_for_networks() }
    }

    fn ask_for_networks(&mut self) -> Said {
        [(Protocol::CCP, CCP), (Protocol::IPCP, IPCP), (IPXCP, IPX), (NBFCP, NBF)]
            .map(|(protocol, options)| self.request(protocol, options))
            .to_vec()
    }

    /// Takes another value for what was changed, and leaves out what was rejected.
    fn refused(&mut self, protocol: Protocol, packet: ControlPacket<'_>) -> Said {
        let own = self.diary.borrow().wants[&protocol.0].clone();
        let theirs: Vec<_> = Options::new(packet.body).flat().collect();
        let mut next = Vec::new();
        for option in Options::new(&own).flat() {
            match theirs.iter().find(|their| their.kind == option.kind) {
                None => next.extend_from_slice(option.bytes),
                Some(their) if packet.code == Code::CONFIGURE_NAK => next.extend_from_slice(their.bytes),
                Some(_) => {}
            }
        }
        vec![self.request(protocol, &next)]
    }
}

/// Plays the client against a port.
fn call(config: PortConfig, typing: Vec<(&'static str, &'static str)>) -> (Diary, String) {
    let diary = Rc::new(RefCell::new(Diary::default()));
    let mut deframer = Deframer::new();
    deframer.set_receive_accm(0);
    let mut client = OldClient { diary: diary.clone(), deframer, identifier: 0, typing };
    let mut begun = false;
    let does = Does::Frames(Box::new(move |bytes| {
        // without a terminal window it begins as soon as the call stands
        if !std::mem::replace(&mut begun, true) && client.typing.is_empty() {
            return client.begin();
        }
        client.hear(bytes)
    }));
    let pair = play(Actor::Far(Far::dials(does)), answerer(config, store()));
    let Actor::Call(end) = pair.end(Side::Server) else { panic!("no port") };
    let up = end.up().unwrap_or_else(|| panic!("IP is not up:\n{}", diary.borrow().heard.join("\n")));
    assert_eq!(up.ipv4.unwrap().remote, Ipv4Addr::new(10, 64, 0, 2));
    assert_eq!(up.peer, Some((AuthMethod::Pap, "alice".into())));
    let said = why(&pair, Side::Server);
    drop(pair);
    (Rc::into_inner(diary).unwrap().into_inner(), said)
}

fn pap(modules: &[&str]) -> PortConfig {
    port_config(&[AuthMethod::Pap], modules)
}

/// Every question of the client has its answer, and the right one.
fn assert_answered(diary: &Diary) {
    let heard = |wanted: &str| diary.heard.iter().any(|text| text.contains(wanted));
    for rejected in ["LCP ProtRej id=", "802b", "803f"] {
        assert!(heard(rejected), "{rejected}: {:#?}", diary.heard);
    }
    let rejects: Vec<&String> = diary.heard.iter().filter(|text| text.contains("ProtRej")).collect();
    assert_eq!(rejects.len(), 3, "CCP, IPXCP and NBFCP, once each: {:#?}", diary.heard);
    assert!(rejects.iter().any(|text| text.contains("CCP")), "{rejects:#?}");
    let refused = diary.heard.iter().find(|text| text.starts_with("[LCP ConfRej")).unwrap();
    assert!(refused.contains("<mrru 1614>") && refused.contains("<endpoint "), "{refused}");
    assert_eq!(diary.open, [Protocol::LCP, Protocol::IPCP]);
    let address = [3, 6, 10, 64, 0, 2];
    assert!(diary.wants[&Protocol::IPCP.0].windows(6).any(|option| option == address));
}

#[test]
fn with_callback_offered_it_declines_and_reaches_ip() {
    let (diary, said) = call(pap(&[]), Vec::new());
    assert_answered(&diary);
    assert!(diary.heard.iter().any(|text| text.starts_with("[CBCP")), "{:#?}", diary.heard);
    insta::assert_snapshot!(said);
}

#[test]
fn where_no_callback_is_offered_it_goes_on_without() {
    let mut config = pap(&[]);
    config.callback = false;
    let (diary, _) = call(config, Vec::new());
    assert_answered(&diary);
    let refused = diary.heard.iter().find(|text| text.starts_with("[LCP ConfRej")).unwrap();
    assert!(refused.contains("<callback CBCP>"), "{refused}");
}

#[test]
fn a_slow_human_types_a_code_in_the_terminal_window_first() {
    let (diary, _) = call(pap(&["code"]), vec![("Code: ", "271828\r")]);
    assert_answered(&diary);
    assert!(diary.text.contains("Code: "), "{}", diary.text);
}
