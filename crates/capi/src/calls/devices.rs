//! RasEnumDevices: what can be dialled over. The kinds of lines are there on every machine; the phone books may know
//! more. No service is asked, and none is started: which lines it would dial for whom is decided at the dial.

use std::collections::BTreeSet;
use std::ffi::c_void;

use openras_engine::RasError;
use openras_phonebook::entry::KINDS;
use openras_phonebook::{Books, Link};

use crate::abi::caller::Versioned;
use crate::abi::device::DevInfo;
use crate::abi::list::List;
use crate::guard::{Dword, guard};
use crate::text::{Char, array};

/// Programs of Windows know machines with fewer than 32 devices.
const MOST: usize = 31;

/// RasEnumDevices. See [`RasEnumDevicesW`].
///
/// # Safety
/// As [`RasEnumDevicesW`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasEnumDevicesA(
    devices: *mut c_void,
    bytes: *mut Dword,
    count: *mut Dword,
) -> Dword {
    let list = List { array: devices.cast::<DevInfo<u8>>(), bytes, count };
    // SAFETY: as the caller promised us.
    guard(|| unsafe { list.fill(RasError::INVALID_SIZE, found) })
}

/// RasEnumDevices: names and types for szDeviceName and szDeviceType of an entry. 603 with the need in `bytes`, 632, 87.
///
/// # Safety
/// Each pointer is NULL or as RasEnumDevices says: the first element has its dwSize, the array `bytes` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasEnumDevicesW(
    devices: *mut c_void,
    bytes: *mut Dword,
    count: *mut Dword,
) -> Dword {
    let list = List { array: devices.cast::<DevInfo<u16>>(), bytes, count };
    // SAFETY: as the caller promised us.
    guard(|| unsafe { list.fill(RasError::INVALID_SIZE, found) })
}

fn found<C: Char>() -> Result<Vec<DevInfo<C>>, RasError> {
    let kinds = KINDS.map(Link::new);
    let mut seen: BTreeSet<String> = kinds.iter().map(|link| link.device_name.to_lowercase()).collect();
    let mut all: Vec<DevInfo<C>> = kinds.iter().map(info).collect();
    // a book that cannot be read has no devices to offer; the calls that need it say why
    for link in Books::of_environment().map(|books| of_books(&books)).unwrap_or_default() {
        let fits = C::encode(&link.device_name).len() < 129 && C::encode(&link.device_type).len() < 17;
        if fits && all.len() < MOST && seen.insert(link.device_name.to_lowercase()) {
            all.push(info(&link));
        }
    }
    Ok(all)
}

fn info<C: Char>(link: &Link) -> DevInfo<C> {
    let mut info = DevInfo::empty();
    info.szDeviceType = array(&link.device_type);
    info.szDeviceName = array(&link.device_name);
    info
}

/// Devices of entries that lead to a line of ours: those of another machine's Windows cannot be dialled over here.
fn of_books(books: &Books) -> Vec<Link> {
    let texts = books.select(None).into_iter().filter_map(|book| book.read_or_empty().ok());
    let mut links = Vec::new();
    for book in texts {
        for section in book.sections() {
            let entry = openras_phonebook::Entry::read(section);
            let usable = entry.links.iter().enumerate().filter(|(at, _)| entry.target(*at, "0").is_some());
            links.extend(usable.map(|(_, link)| link.clone()).filter(|link| !link.device_name.is_empty()));
        }
    }
    links
}
