//! `Ppp`: any order of inputs between the packets of a real peer.
//!
//! Four octets choose the configuration of each end, the others are acts, see `Act`.

mod check;
mod world;

use arbitrary::{Arbitrary, Result, Unstructured};
use openras_ppp::config::{CallbackConfig, Echo, IpcpConfig, Ipv6cpConfig, LcpConfig, Role};
use openras_ppp::{Config, Credentials};

use super::script::{acts, bit, methods, octet, octets, tells};
use world::World;

/// Runs the body.
pub fn run(data: &[u8]) {
    if tells(data, PASSWORD) {
        return;
    }
    let mut story = Unstructured::new(data);
    let (Ok(ours), Ok(peer)) = (story.arbitrary::<Setting>(), story.arbitrary::<Setting>()) else { return };
    let mut world = World::new(ours, peer);
    // more than this many acts find nothing new
    for act in acts(story).take(200) {
        world.act(act);
    }
    world.finish();
}

/// What is right on these calls; a test looks for it where it must not stand.
const PASSWORD: &str = "pa55w0rd";
const NAME: &str = "alice";
/// The other end has a name and password of its own: one that holds the password it checks lets nobody in.
const PEER: (&str, &str) = ("bob", "pa55w0rd of bob");

/// The configuration of one end. All zeros is one that comes up with itself.
#[derive(Clone, Copy, Debug)]
struct Setting([u8; 4]);

impl<'a> Arbitrary<'a> for Setting {
    fn arbitrary(story: &mut Unstructured<'a>) -> Result<Self> {
        Ok(Self([(); 4].map(|()| octet(story))))
    }
}

impl Setting {
    /// The end starts at once.
    fn opens(self) -> bool {
        !bit(self.0[3], 7)
    }

    fn config(self, role: Role) -> Config {
        let Self([link, auth, network, more]) = self;
        let mru = [1500, 1400, 576, 128, 4000, 64, 0, u16::MAX];
        let accm = [0, 0xffff_ffff, 0x000a_0000, 1];
        let (name, password) = if role == Role::Caller { (NAME, PASSWORD) } else { PEER };
        Config {
            role: if bit(link, 0) == (role == Role::Caller) { Role::Answerer } else { Role::Caller },
            lcp: LcpConfig {
                mru: mru.get(usize::from(link >> 1 & 7)).copied().unwrap_or(1500),
                accm: accm.get(usize::from(link >> 4 & 3)).copied().unwrap_or(0),
                pfc: !bit(link, 6),
                acfc: !bit(link, 7),
                echo: (!bit(more, 0)).then(Echo::default),
                identification: bit(more, 1).then(|| "openras".to_owned()),
                passive: bit(more, 2),
            },
            authenticate_peer: methods(auth & 15),
            // zero: all of them
            authenticate_us: methods(!(auth >> 4)),
            insist_on_authentication: bit(more, 3),
            credentials: (!bit(more, 4)).then(|| Credentials {
                name: name.to_owned(),
                password: if bit(more, 5) { "wrong" } else { password }.into(),
            }),
            name: if bit(more, 6) { "server".to_owned() } else { String::new() },
            callback: CallbackConfig { enabled: bit(network, 0), delay: network },
            ipcp: (!bit(network, 1)).then(|| IpcpConfig {
                local: (!bit(network, 2)).then(|| [10, 0, 0, 1 + u8::from(role == Role::Caller)].into()),
                assign: bit(network, 3),
                dns: if bit(network, 4) { vec![[10, 0, 0, 9].into()] } else { vec![] },
                nbns: vec![],
                request_dns: bit(network, 5),
                request_nbns: bit(network, 6),
                vj: bit(more, 7),
            }),
            ipv6cp: (!bit(network, 7)).then(Ipv6cpConfig::default),
            trace: true,
            ..Config::default()
        }
    }
}

/// One thing that happens.
#[derive(Debug)]
enum Act {
    /// What both ends have said crosses, until nothing is left.
    Talk,
    /// Time passes with all its ticks and what is said in it.
    Wait(u8),
    /// The open question is answered well.
    Well,
    /// The open question is answered, this way.
    Answer(u8),
    /// An answer that may fit no question.
    Stray(u8),
    /// Open, LineUp, LineDown, Close, Hold or Release.
    Order(u8),
    /// A tick that may not be due.
    Tick,
    /// Bytes of the line.
    Bytes(Vec<u8>),
    /// A frame with a good FCS.
    Frame(u8, Vec<u8>),
    /// The peer's next frame with one octet changed, and a good FCS.
    Changed(u8, u8),
    /// The peer's next frame, twice.
    Twice,
    /// What is on its way is lost, in one of the directions or both.
    Lose(u8),
    /// A packet to send.
    Ip(Vec<u8>),
    /// Something the peer's owner does.
    Peer(u8),
}

impl<'a> Arbitrary<'a> for Act {
    fn arbitrary(story: &mut Unstructured<'a>) -> Result<Self> {
        Ok(match octet(story) % 20 {
            0 | 16 => Self::Talk,
            1 | 17 => Self::Wait(octet(story)),
            2 | 18 => Self::Well,
            3 => Self::Answer(octet(story)),
            4 => Self::Stray(octet(story)),
            5 => Self::Order(octet(story)),
            6 => Self::Tick,
            7 => Self::Bytes(octets(story)),
            8 | 19 => Self::Frame(octet(story), octets(story)),
            9 | 10 => Self::Changed(octet(story), octet(story)),
            11 => Self::Twice,
            12 => Self::Lose(octet(story)),
            13 => Self::Ip(octets(story)),
            _ => Self::Peer(octet(story)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A guard that is never reached guards nothing.
    #[test]
    fn good_owners_bring_each_kind_of_link_up() {
        for (ours, peer) in [
            ([0, 0, 0, 0], [0, 0, 0, 0]),
            ([0, 0, 0, 0], [0, 1, 0, 0]),
            ([0, 0, 0, 0], [0, 2, 0, 0]),
            ([0, 4, 8, 0], [0, 0, 4, 0]),
            ([0, 8, 8, 0], [0, 0, 4, 0]),
            ([0, 1, 0, 0], [0, 2, 0, 0]),
            ([0, 0, 0, 0x20], [0, 1, 0, 0]),
            ([0, 1, 1, 0], [0, 0, 1, 0]),
        ] {
            let mut world = World::new(Setting(ours), Setting(peer));
            for _ in 0..40 {
                world.act(Act::Wait(50));
                world.act(Act::Well);
            }
            assert!(world.is_up(), "{ours:?} {peer:?}");
            world.finish();
        }
    }
}
