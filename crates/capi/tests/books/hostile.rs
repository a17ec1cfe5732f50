//! Random structures, sizes, lists and texts through the C interface, from several threads at once on one book: a documented
//! number comes back, nothing is written outside of what the caller said, and the book stays one.
//!
//! [`ROUNDS`] calls in each of [`THREADS`] threads, or as many as `OPENRAS_HOSTILE_CALLS` says; each thread's come from a
//! seed that is fixed.

use std::ffi::c_void;
use std::process::Command;
use std::thread;

use openras_capi as _;

use crate::programs::Home;

/// Calls in a thread.
const ROUNDS: u32 = 1500;
/// Threads at once.
const THREADS: u64 = 4;
/// Bytes around what belongs to the caller.
const RIM: usize = 64;

/// The numbers that the documents of these functions name.
const DOCUMENTED: [u32; 15] = [0, 5, 6, 13, 87, 123, 183, 603, 610, 621, 622, 623, 624, 625, 632];

type Text = *const c_void;
type Out = *mut c_void;
type Count = *mut u32;

/// Declares both forms of functions, and a value of each pair.
macro_rules! pairs {
    ($($value:ident: $a:ident $w:ident ($($arg:ty),*);)*) => {
        unsafe extern "C" {
            $(fn $a($(_: $arg),*) -> u32; fn $w($(_: $arg),*) -> u32;)*
        }
        /// The functions of one form.
        #[derive(Clone, Copy)]
        struct Api { $($value: unsafe extern "C" fn($($arg),*) -> u32,)* wide: bool }
        const A: Api = Api { $($value: $a,)* wide: false };
        const W: Api = Api { $($value: $w,)* wide: true };
    };
}

pairs! {
    names: RasEnumEntriesA RasEnumEntriesW(Text, Text, Out, Count, Count);
    devices: RasEnumDevicesA RasEnumDevicesW(Out, Count, Count);
    get: RasGetEntryPropertiesA RasGetEntryPropertiesW(Text, Text, Out, Count, Out, Count);
    set: RasSetEntryPropertiesA RasSetEntryPropertiesW(Text, Text, Text, u32, Text, u32);
    get_link: RasGetSubEntryPropertiesA RasGetSubEntryPropertiesW(Text, Text, u32, Out, Count, Out, Count);
    set_link: RasSetSubEntryPropertiesA RasSetSubEntryPropertiesW(Text, Text, u32, Text, u32, Text, u32);
    delete_link: RasDeleteSubEntryA RasDeleteSubEntryW(Text, Text, u32);
    get_params: RasGetEntryDialParamsA RasGetEntryDialParamsW(Text, Out, *mut i32);
    set_params: RasSetEntryDialParamsA RasSetEntryDialParamsW(Text, Text, i32);
    get_credentials: RasGetCredentialsA RasGetCredentialsW(Text, Text, Out);
    set_credentials: RasSetCredentialsA RasSetCredentialsW(Text, Text, Text, i32);
    validate: RasValidateEntryNameA RasValidateEntryNameW(Text, Text);
    rename: RasRenameEntryA RasRenameEntryW(Text, Text, Text);
    delete: RasDeleteEntryA RasDeleteEntryW(Text, Text);
    country: RasGetCountryInfoA RasGetCountryInfoW(Out, Count);
    get_custom: RasGetCustomAuthDataA RasGetCustomAuthDataW(Text, Text, Out, Count);
    set_custom: RasSetCustomAuthDataA RasSetCustomAuthDataW(Text, Text, Text, u32);
    get_eap: RasGetEapUserDataA RasGetEapUserDataW(Text, Text, Text, Out, Count);
    set_eap: RasSetEapUserDataA RasSetEapUserDataW(Text, Text, Text, Text, u32);
}

/// Every size that the structures ever had: RASENTRY, RASSUBENTRY, RASENTRYNAME, RASDEVINFO, RASDIALPARAMS,
/// RASCREDENTIALS, RASCTRYINFO.
fn sizes(kind: usize, wide: bool) -> &'static [u32] {
    match (kind, wide) {
        (0, false) => &[1768, 1796, 2088, 2884, 2924, 2948, 3480],
        (0, true) => &[3468, 3496, 4048, 5616, 5656, 5680, 6724],
        (1, false) => &[288],
        (1, true) => &[564],
        (2, false) => &[264, 532],
        (2, true) => &[520, 1048],
        (3, false) => &[152],
        (3, true) => &[296],
        (4, false) => &[1052, 1064, 1068, 1076],
        (4, true) => &[2096, 2108, 2112, 2120],
        (5, false) => &[540],
        (5, true) => &[1068],
        _ => &[20],
    }
}

/// A generator of Marsaglia's: the same numbers for the same seed everywhere.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, most: usize) -> usize {
        (self.next() % most as u64) as usize
    }

    fn one_in(&mut self, many: usize) -> bool {
        self.below(many) == 0
    }

    fn fill(&mut self, bytes: &mut [u8]) {
        let text = self.one_in(2);
        for byte in bytes {
            *byte = if text { b' ' + self.below(95) as u8 } else { self.next() as u8 };
        }
    }
}

/// Bytes of a caller, with a rim that nobody may write to, at any alignment.
struct Block {
    bytes: Vec<u8>,
    start: usize,
    length: usize,
}

impl Block {
    fn new(dice: &mut Dice, length: usize) -> Self {
        let start = RIM + dice.below(4);
        let mut bytes = vec![0xEE; start + length + RIM];
        if !dice.one_in(3) {
            dice.fill(&mut bytes[start..start + length]);
        } else {
            bytes[start..start + length].fill(0);
        }
        Self { bytes, start, length }
    }

    /// A structure of some kind, with something behind it; most say a size that was one.
    fn structure(dice: &mut Dice, kind: usize, wide: bool) -> Self {
        let known = sizes(kind, wide);
        let size = known[dice.below(known.len())];
        let behind = if dice.one_in(2) { dice.below(300) } else { 0 };
        let mut block = Self::new(dice, size as usize + behind);
        let said = match dice.below(12) {
            0 => dice.next() as u32,
            1 => size + 1,
            2 => size - 1,
            _ => size,
        };
        // what a known size promises is there
        let larger = known.contains(&said) || block.length >= said as usize;
        block.put(0, if larger { said } else { 0 });
        block
    }

    fn put(&mut self, at: usize, value: u32) {
        let at = self.start + at;
        self.bytes[at..at + 4].copy_from_slice(&value.to_ne_bytes());
    }

    fn text(&mut self, at: usize, text: &str, wide: bool) {
        let units = encoded(text, wide);
        let at = self.start + at;
        self.bytes[at..at + units.len()].copy_from_slice(&units);
    }

    fn at(&mut self) -> Out {
        self.bytes[self.start..].as_mut_ptr().cast()
    }

    fn intact(&self) {
        let end = self.start + self.length;
        let rim = self.bytes[..self.start].iter().chain(&self.bytes[end..]);
        assert!(rim.copied().all(|byte| byte == 0xEE), "written outside of {} bytes", self.length);
    }
}

fn encoded(text: &str, wide: bool) -> Vec<u8> {
    if wide {
        text.encode_utf16().chain([0]).flat_map(u16::to_ne_bytes).collect()
    } else {
        text.bytes().chain([0]).collect()
    }
}

/// The name of one of few entries, or something that is none.
fn name(dice: &mut Dice, wide: bool) -> Vec<u8> {
    let few = ["Home", "home", "Büro", "a", "b", "x/y", "", ".", "😀", "[]", "=", ";"];
    match dice.below(40) {
        0 => {
            let mut bytes = vec![0; dice.below(600)];
            dice.fill(&mut bytes);
            bytes.extend([0, 0, 0, 0]);
            bytes
        }
        1 => encoded(&"n".repeat(dice.below(300)), wide),
        _ => encoded(few[dice.below(few.len())], wide),
    }
}

/// One call. All that is handed over is as long as it is said to be, or NULL.
fn call(dice: &mut Dice, api: Api) -> (u32, &'static str) {
    let (one, other) = (name(dice, api.wide), name(dice, api.wide));
    let (one, other): (Text, Text) = (one.as_ptr().cast(), other.as_ptr().cast());
    let one = if dice.one_in(40) { std::ptr::null() } else { one };
    let link = dice.below(5) as u32;
    // SAFETY: every text has its NUL, every block the bytes that are said, as this file sees to.
    unsafe {
        match dice.below(16) {
            0 => list(dice, 2, api, |array, bytes, count| {
                (api.names)(other, std::ptr::null(), array, bytes, count)
            }),
            1 => list(dice, 3, api, |array, bytes, count| (api.devices)(array, bytes, count)),
            2 => fetch(dice, 0, api, |to, bytes, device, settings| {
                (api.get)(std::ptr::null(), one, to, bytes, device, settings)
            }),
            3 | 4 => give(dice, 0, api, |from, bytes, device, settings| {
                (api.set)(std::ptr::null(), one, from, bytes, device, settings)
            }),
            5 => fetch(dice, 1, api, |to, bytes, device, settings| {
                (api.get_link)(std::ptr::null(), one, link, to, bytes, device, settings)
            }),
            6 => give(dice, 1, api, |from, bytes, device, settings| {
                (api.set_link)(std::ptr::null(), one, link, from, bytes, device, settings)
            }),
            7 => ((api.delete_link)(std::ptr::null(), one, link), "RasDeleteSubEntry"),
            8 => params(dice, api),
            9 => credentials(dice, api, one),
            10 => (
                (api.validate)(if dice.one_in(8) { other } else { std::ptr::null() }, one),
                "RasValidateEntryName",
            ),
            11 => ((api.rename)(std::ptr::null(), one, other), "RasRenameEntry"),
            12 if dice.one_in(3) => ((api.delete)(std::ptr::null(), one), "RasDeleteEntry"),
            13 => country(dice, api),
            14 => custom(dice, api, one),
            _ => ((api.validate)(std::ptr::null(), one), "RasValidateEntryName"),
        }
    }
}

fn list(
    dice: &mut Dice,
    kind: usize,
    api: Api,
    call: impl FnOnce(Out, Count, Count) -> u32,
) -> (u32, &'static str) {
    let mut block = Block::structure(dice, kind, api.wide);
    let (mut bytes, mut count) = (block.length as u32, 0);
    if dice.one_in(4) {
        bytes = dice.below(block.length + 1) as u32;
    }
    let array = if dice.one_in(6) { std::ptr::null_mut() } else { block.at() };
    let result =
        call(array, if dice.one_in(30) { std::ptr::null_mut() } else { &raw mut bytes }, &raw mut count);
    block.intact();
    (result, "RasEnum")
}

fn fetch(
    dice: &mut Dice,
    kind: usize,
    api: Api,
    call: impl FnOnce(Out, Count, Out, Count) -> u32,
) -> (u32, &'static str) {
    let mut block = Block::structure(dice, kind, api.wide);
    let length = dice.below(40);
    let mut settings = Block::new(dice, length);
    let (mut bytes, mut room) = (dice.below(block.length + 1) as u32, settings.length as u32);
    if !dice.one_in(3) {
        bytes = block.length as u32;
    }
    let result = call(block.at(), &raw mut bytes, settings.at(), &raw mut room);
    block.intact();
    settings.intact();
    (result, "RasGetProperties")
}

/// A structure to be set: half of the time with what a good one needs, and a few of its bytes wrong.
fn give(
    dice: &mut Dice,
    kind: usize,
    api: Api,
    call: impl FnOnce(Text, u32, Text, u32) -> u32,
) -> (u32, &'static str) {
    let mut block = Block::structure(dice, kind, api.wide);
    if dice.one_in(2) {
        let (framing, device, device_name, number) = match (kind, api.wide) {
            (0, false) => (188, 972, 989, 27),
            (0, true) => (328, 1892, 1926, 38),
            (_, false) => (4, 8, 25, 154),
            (_, true) => (4, 8, 42, 300),
        };
        block.put(framing, 1);
        block.text(device, "modem", api.wide);
        block.text(device_name, ["OpenRAS tcp", "COM1", "tcp:[::1]:1"][dice.below(3)], api.wide);
        block.text(number, "127.0.0.1:7001", api.wide);
        let type_at = if api.wide { 3496 } else { 1796 };
        if kind == 0 && block.length > type_at + 4 {
            block.put(type_at, 1);
        }
        let offset = match (kind, api.wide) {
            (0, false) => 156,
            (0, true) => 296,
            (_, false) => 284,
            (_, true) => 560,
        };
        block.put(offset, if dice.one_in(2) { 0 } else { dice.below(block.length + 2) as u32 });
    }
    for _ in 0..dice.below(4) {
        let at = 4 + dice.below(block.length - 4);
        let at = block.start + at;
        block.bytes[at] = dice.next() as u8;
    }
    let length = dice.below(40);
    let mut settings = Block::new(dice, length);
    let bytes = if dice.one_in(5) { dice.below(block.length + 1) } else { block.length } as u32;
    let result = call(block.at(), bytes, settings.at(), settings.length as u32);
    block.intact();
    settings.intact();
    (result, "RasSetProperties")
}

fn params(dice: &mut Dice, api: Api) -> (u32, &'static str) {
    let mut block = Block::structure(dice, 4, api.wide);
    if dice.one_in(2) {
        block.text(4, "Home", api.wide);
    }
    let mut password = 0;
    // SAFETY: the block is as long as the size it says, if that is known.
    let result = unsafe {
        match dice.one_in(2) {
            true => (api.get_params)(std::ptr::null(), block.at(), &raw mut password),
            false => (api.set_params)(std::ptr::null(), block.at(), i32::from(dice.one_in(3))),
        }
    };
    block.intact();
    (result, "RasEntryDialParams")
}

fn credentials(dice: &mut Dice, api: Api, entry: Text) -> (u32, &'static str) {
    let mut block = Block::structure(dice, 5, api.wide);
    if dice.one_in(2) {
        block.put(4, dice.below(16) as u32);
    }
    // SAFETY: the block is as long as the size it says, if that is known.
    let result = unsafe {
        match dice.one_in(2) {
            true => (api.get_credentials)(std::ptr::null(), entry, block.at()),
            false => (api.set_credentials)(std::ptr::null(), entry, block.at(), i32::from(dice.one_in(3))),
        }
    };
    block.intact();
    (result, "RasCredentials")
}

fn country(dice: &mut Dice, api: Api) -> (u32, &'static str) {
    let mut block = Block::structure(dice, 6, api.wide);
    block.put(4, dice.below(400) as u32);
    let mut bytes = dice.below(block.length + 1) as u32;
    // SAFETY: the block has as many bytes as said.
    let result = unsafe { (api.country)(block.at(), &raw mut bytes) };
    block.intact();
    (result, "RasGetCountryInfo")
}

fn custom(dice: &mut Dice, api: Api, entry: Text) -> (u32, &'static str) {
    let length = dice.below(2000);
    let mut block = Block::new(dice, length);
    let mut bytes = length as u32;
    let token = if dice.one_in(8) { block.at().cast_const() } else { std::ptr::null() };
    let book = std::ptr::null();
    // SAFETY: the block has as many bytes as said; a token is no pointer to the library.
    let result = unsafe {
        match dice.below(4) {
            0 => (api.get_custom)(book, entry, block.at(), &raw mut bytes),
            1 => (api.set_custom)(book, entry, block.at(), bytes),
            2 => (api.get_eap)(token, book, entry, block.at(), &raw mut bytes),
            _ => (api.set_eap)(token, book, entry, block.at(), bytes),
        }
    };
    block.intact();
    (result, "RasCustomAuthData or RasEapUserData")
}

/// Set for the process that makes the calls.
const INSIDE: &str = "OPENRAS_TEST_HOSTILE";

/// The calls, in a process whose environment names books of its own: the test below runs it there.
#[test]
fn the_calls() {
    if std::env::var_os(INSIDE).is_none() {
        return;
    }
    let rounds = std::env::var("OPENRAS_HOSTILE_CALLS").map_or(ROUNDS, |rounds| rounds.parse().unwrap());
    let seen: Vec<u64> = thread::scope(|scope| {
        let work = |seed: u64| {
            scope.spawn(move || {
                let mut dice = Dice(0x9E37_79B9_7F4A_7C15 ^ (seed << 32));
                let mut seen = 0_u64;
                for round in 0..rounds {
                    let api = if dice.one_in(2) { A } else { W };
                    let (result, what) = call(&mut dice, api);
                    let at = DOCUMENTED.iter().position(|number| *number == result);
                    let at = at.unwrap_or_else(|| panic!("seed {seed}, round {round}: {what} gave {result}"));
                    seen |= 1 << at;
                }
                seen
            })
        };
        let threads: Vec<_> = (1..=THREADS).map(work).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    // a test that only ever is refused would test nothing
    let seen = seen.into_iter().fold(0, |all, seen| all | seen);
    for number in [0, 5, 6, 87, 123, 183, 603, 610, 621, 623, 632] {
        let at = DOCUMENTED.iter().position(|known| *known == number).unwrap();
        assert!(seen & (1 << at) != 0, "{number} never came");
    }
}

#[test]
fn random_structures_get_a_documented_number() {
    let home = Home::new();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["hostile::the_calls", "--exact", "--nocapture"]).envs(home.env()).env(INSIDE, "1");
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}\n{said}{}", output.status, String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("1 passed"), "{said}");
    let book = openras_phonebook::Book::at(home.file("own/rasphone.pbk")).read().unwrap();
    assert!(book.names().count() > 1, "else nothing was ever set");
}
