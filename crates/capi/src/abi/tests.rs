//! The structures against the table that the headers are held to as well, and callers of every age.

use std::collections::{BTreeMap, BTreeSet};

use openras_engine::RasError;

use super::basic::Pointer;
use super::caller::{Plain, Versioned, read, size, whole, write};
use super::list::List;
use super::{admin, autodial, connection, device, dial, dialogs, entry, projection, script, security};
use crate::text::array;

/// What [`layout!`] tells of a structure.
pub(super) trait Layout {
    const NAME: &'static str;
    const MEMBERS: &'static [(&'static str, usize)];
}

/// Structure, member, offset; `sizeof` for the whole.
type Cell = (String, String, usize);

/// The rows of the table for this machine; of sizes all.
fn table() -> BTreeSet<Cell> {
    let text = include_str!("../../tests/layout/structs.txt");
    let rows = text.lines().filter(|line| !line.starts_with('#')).map(|line| {
        let cells: Vec<&str> = line.split(' ').collect();
        let value = cells[if size_of::<usize>() == 8 { 4 } else { 5 }].parse().unwrap();
        (cells[1].to_owned(), cells[2].to_owned(), value)
    });
    // the two addresses of a tunnel's end are one member here, the two forms of RASPBDLG are the same
    let ours = |(name, member, _): &Cell| {
        name != "RASPBDLGW" && !(name == "RASTUNNELENDPOINT" && member.starts_with("ipv"))
    };
    rows.filter(ours).collect()
}

fn members<T: Layout>(into: &mut BTreeSet<Cell>) {
    let row = |member: &str, value| (T::NAME.to_owned(), member.to_owned(), value);
    into.extend(T::MEMBERS.iter().map(|(member, offset)| row(member, *offset)));
    into.insert(row("sizeof", size_of::<T>()));
}

fn versioned<T: Layout + Versioned>(into: &mut BTreeSet<Cell>) {
    members::<T>(into);
    into.extend(T::SIZES.iter().map(|size| (T::NAME.to_owned(), "sizeof".to_owned(), *size)));
}

#[test]
fn every_structure_lies_as_the_headers_say() {
    let mut ours = BTreeSet::new();
    macro_rules! all {
        (versioned $($module:ident::$name:ident $(<$($form:ty)*>)?,)*) => { $(all!(@ versioned $module $name $($($form)*)?);)* };
        (fixed $($module:ident::$name:ident $(<$($form:ty)*>)?,)*) => { $(all!(@ members $module $name $($($form)*)?);)* };
        (@ $kind:ident $module:ident $name:ident) => { $kind::<$module::$name>(&mut ours); };
        (@ $kind:ident $module:ident $name:ident $a:ty) => {
            $kind::<$module::$name<u8>>(&mut ours);
            $kind::<$module::$name<u16>>(&mut ours);
        };
    }
    all! { versioned
        connection::Conn<()>, connection::ConnStatus<()>, connection::Stats,
        dial::DialParams<()>, dial::DialExtensions,
        entry::EntryName<()>, entry::Entry<()>, entry::SubEntry<()>,
        autodial::AutodialEntry<()>, autodial::AdParams, autodial::CtryInfo,
        device::DevInfo<()>, device::Credentials<()>,
        projection::PppIp<()>, projection::PppIpv6, projection::PppLcp<()>, projection::PppCcp, projection::Slip<()>,
        projection::PppNbf<()>, projection::PppIpx<()>, projection::Amb<()>,
        script::CommSettings, script::CustomScriptExtensions,
        dialogs::DialDlg, dialogs::EntryDlg<()>, dialogs::PbDlg, dialogs::NoUser<()>,
    }
    all! { fixed
        connection::TunnelEndPoint, dial::EapInfo, dial::DevSpecificInfo, dial::EapUserIdentity<()>,
        security::SecurityMessage, security::SecurityInfo,
        admin::Port0, admin::Port1, admin::PortStatistics, admin::Parameters, admin::Server0, admin::User0,
        admin::NbfcpResult, admin::IpcpResult, admin::IpxcpResult, admin::AtcpResult, admin::ProjectionResult,
    }
    let table = table();
    assert!(table.len() > 550, "the table is cut: {}", table.len());
    assert_eq!(table.difference(&ours).collect::<Vec<_>>(), Vec::<&Cell>::new(), "missing or elsewhere");
    assert_eq!(ours.difference(&table).collect::<Vec<_>>(), Vec::<&Cell>::new(), "not in the table");
}

#[test]
fn a_size_that_never_was_is_632_and_null_is_87() {
    let mut buffer = [0_u32; 800];
    for claimed in 0..3200 {
        buffer[0] = claimed;
        let known = dial::DialParams::<u8>::is_known(claimed);
        assert_eq!(
            known,
            [1052, 1064, 1068, 1076].contains(&claimed) || size_of::<usize>() != 8 && known,
            "{claimed}"
        );
        // SAFETY: 3200 bytes are there, more than any known size.
        let said = unsafe { size(buffer.as_ptr().cast::<dial::DialParams<u8>>()) };
        assert_eq!(said, if known { Ok(claimed) } else { Err(RasError::INVALID_SIZE) });
    }
    // SAFETY: NULL is allowed.
    unsafe {
        assert_eq!(size(std::ptr::null::<dial::DialParams<u8>>()), Err(RasError::INVALID_PARAMETER));
        assert!(read(std::ptr::null::<dial::DialParams<u8>>()).is_err());
        assert_eq!(
            write(std::ptr::null_mut(), &connection::Stats::empty()),
            Err(RasError::INVALID_PARAMETER)
        );
    }
}

#[test]
fn callers_of_every_age_are_read_and_written_within_their_own_bytes() {
    let mut full = connection::ConnStatus::<u16>::empty();
    full.dwError = 691;
    full.szPhoneNumber = array("555");
    full.rasconnsubstate = 7;
    for &old in connection::ConnStatus::<u16>::SIZES {
        // on an odd address, and with a rim that must stay
        let mut bytes = vec![0xEE_u8; old + 9];
        bytes[1..5].copy_from_slice(&u32::try_from(old).unwrap().to_ne_bytes());
        let to = bytes[1..].as_mut_ptr().cast::<connection::ConnStatus<u16>>();
        // SAFETY: `old` bytes are there.
        unsafe { write(to, &full) }.unwrap();
        assert_eq!(bytes[old + 1..], [0xEE; 8], "{old}: written beyond dwSize");
        // SAFETY: as before.
        let back = unsafe { read(bytes[1..].as_ptr().cast::<connection::ConnStatus<u16>>()) }.unwrap();
        assert_eq!((back.dwSize as usize, back.dwError), (old, 691));
        assert_eq!(back.rasconnsubstate, if old == 608 { 7 } else { 0 });
        assert_eq!(back.szPhoneNumber[2], if old >= 564 { u16::from(b'5') } else { 0 });
    }
}

#[test]
fn pointers_are_packed_to_4() {
    assert_eq!(align_of::<Pointer>(), 4);
    assert_eq!(Pointer::new(usize::MAX).get(), usize::MAX);
    assert_eq!(security::SecurityMessage::zero().hPort, 0);
}

const NEED: u32 = 3 * 152;
type Dev = device::DevInfo<u8>;

/// Calls [`List::fill`] with three devices: result, bytes, count.
fn enumerate(array: Option<&mut [u8]>, bytes: Option<u32>, count: bool) -> (Result<(), RasError>, u32, u32) {
    let (mut in_out, mut counted) = (bytes.unwrap_or_default(), 77);
    let list = List {
        array: array.map_or(std::ptr::null_mut(), |array| array.as_mut_ptr().cast::<Dev>()),
        bytes: if bytes.is_some() { &raw mut in_out } else { std::ptr::null_mut() },
        count: if count { &raw mut counted } else { std::ptr::null_mut() },
    };
    let three = || Ok((0..3).map(|n| Dev { szDeviceName: array_of(n), ..Dev::empty() }).collect());
    // SAFETY: every test gives an array as long as it says, or longer.
    let result = unsafe { list.fill(RasError::INVALID_SIZE, three) };
    (result, in_out, counted)
}

fn array_of(number: u32) -> [u8; 129] {
    array(&format!("modem {number}"))
}

/// The rows of blackbox-facts for RasEnumDevicesA, with three devices.
#[test]
fn arguments_are_checked_in_the_order_of_windows() {
    let said = |dw_size: u32| {
        let mut buffer = vec![0; 1000];
        buffer[..4].copy_from_slice(&dw_size.to_ne_bytes());
        buffer
    };
    let (small, size, parameter) = (RasError(603), RasError(632), RasError(87));
    assert_eq!(enumerate(None, Some(0), true).0, Err(small), "row 1");
    assert_eq!(enumerate(None, Some(NEED), true), (Err(small), NEED, 3), "row 2");
    for (row, wrong) in [(3, 0), (4, 151), (5, 153)] {
        assert_eq!(enumerate(Some(&mut said(wrong)), Some(NEED), true), (Err(size), NEED, 77), "row {row}");
    }
    assert_eq!(enumerate(Some(&mut said(152)), None, true), (Err(parameter), 0, 77), "row 6");
    assert_eq!(enumerate(Some(&mut said(152)), Some(0), true), (Err(small), NEED, 77), "row 7");
    assert_eq!(enumerate(Some(&mut said(152)), Some(NEED - 1), true), (Err(small), NEED, 3), "row 8");
    let mut filled = said(152);
    assert_eq!(enumerate(Some(&mut filled), Some(NEED + 1), true), (Ok(()), NEED, 3), "row 9");
    assert_eq!(&filled[2 * 152 + 21..][..8], b"modem 2\0");
    assert!(filled[NEED as usize..].iter().all(|byte| *byte == 0));
    assert_eq!(enumerate(Some(&mut said(152)), Some(NEED), false).0, Err(parameter), "row 10");
    assert_eq!(enumerate(None, None, true), (Err(parameter), 0, 77), "row 11");
    assert_eq!(enumerate(None, Some(NEED), false).0, Err(parameter), "row 12");
    assert_eq!(enumerate(Some(&mut said(0)), Some(0), true), (Err(size), 0, 77), "row 13");
}

#[test]
fn an_array_is_filled_by_the_callers_stride() {
    let old = 416_u32.min(u32::try_from(connection::Conn::<u8>::SIZES[0]).unwrap());
    let mut bytes = vec![0_u8; 3 * old as usize];
    bytes[..4].copy_from_slice(&old.to_ne_bytes());
    let (mut room, mut count) = (3 * old, 0);
    let list = List { array: bytes.as_mut_ptr().cast(), bytes: &raw mut room, count: &raw mut count };
    let two = |n: usize| connection::Conn::<u8> { hrasconn: Pointer::new(n), ..connection::Conn::empty() };
    // SAFETY: as many bytes as said.
    unsafe { list.fill(RasError::INVALID_SIZE, || Ok(vec![two(1), two(2)])) }.unwrap();
    assert_eq!((room, count), (2 * old, 2));
    assert_eq!(bytes[old as usize..][..4], old.to_ne_bytes());
    assert_eq!((bytes[4], bytes[old as usize + 4]), (1, 2));
    assert!(bytes[2 * old as usize..].iter().all(|byte| *byte == 0));
    let nothing = List::<Dev> { array: std::ptr::null_mut(), bytes: &raw mut room, count: &raw mut count };
    // SAFETY: no array.
    unsafe { nothing.fill(RasError::INVALID_SIZE, || Ok(Vec::new())) }.unwrap();
    assert_eq!((room, count), (0, 0), "nothing to list needs no room");
    assert_eq!(whole::<Dev>(), 152);
    let names: BTreeMap<&str, usize> = Dev::MEMBERS.iter().copied().collect();
    assert_eq!(names["szDeviceName"], 21);
}
