//! RasGetConnectionStatistics and its like. A connection has one link here, so that both have the same counters.

use openras_api::types::port::Statistics;
use openras_engine::RasError;

use super::connection;
use super::dial::refused;
use crate::abi::caller::{self, Versioned};
use crate::abi::connection::Stats;
use crate::guard::{Dword, guard};
use crate::runtime;

/// E_INVALIDARG, an HRESULT among the error numbers.
const INVALID_ARGUMENT: RasError = RasError(0x8007_0057);
/// ERROR_NO_MORE_ITEMS.
const NO_SUCH_LINK: RasError = RasError(259);

/// RasGetConnectionStatistics: counters since the call began or they were cleared; they stand still at 4294967295. 6,
/// 0x80070057 for NULL or another dwSize than 60.
///
/// # Safety
/// `statistics` is NULL or has 60 bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasGetConnectionStatistics(
    handle: usize,
    statistics: *mut std::ffi::c_void,
) -> Dword {
    // SAFETY: as the caller promised us.
    guard(|| unsafe { get(handle, statistics.cast()) })
}

/// RasGetLinkStatistics: as RasGetConnectionStatistics; 259 for a link other than 1.
///
/// # Safety
/// `statistics` is NULL or has 60 bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasGetLinkStatistics(
    handle: usize,
    link: Dword,
    statistics: *mut std::ffi::c_void,
) -> Dword {
    // SAFETY: as the caller promised us.
    guard(|| one(link).and_then(|()| unsafe { get(handle, statistics.cast()) }))
}

/// RasClearConnectionStatistics: its counters begin at 0 again, for everyone. 6.
#[unsafe(no_mangle)]
pub extern "C" fn RasClearConnectionStatistics(handle: usize) -> Dword {
    guard(|| clear(handle))
}

/// RasClearLinkStatistics: as RasClearConnectionStatistics; 259 for a link other than 1.
#[unsafe(no_mangle)]
pub extern "C" fn RasClearLinkStatistics(handle: usize, link: Dword) -> Dword {
    guard(|| one(link).and_then(|()| clear(handle)))
}

fn one(link: Dword) -> Result<(), RasError> {
    if link == 1 { Ok(()) } else { Err(NO_SUCH_LINK) }
}

fn clear(handle: usize) -> Result<(), RasError> {
    let connection = connection::running(handle)?;
    runtime::wait(connection.client.clear_statistics(connection.id))?.map_err(refused)
}

unsafe fn get(handle: usize, statistics: *mut Stats) -> Result<(), RasError> {
    // SAFETY: NULL or it says its size, as the caller promised us.
    unsafe { caller::size(statistics.cast_const()) }.map_err(|_| INVALID_ARGUMENT)?;
    let connection = connection::running(handle)?;
    let counted = runtime::wait(connection.client.statistics(connection.id))?.map_err(refused)?;
    // SAFETY: as above.
    unsafe { caller::write(statistics, &stats(&counted)) }
}

fn stats(counted: &Statistics) -> Stats {
    let number = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
    let mut stats = Stats::empty();
    stats.dwBytesXmited = number(counted.bytes_sent);
    stats.dwBytesRcved = number(counted.bytes_received);
    stats.dwFramesXmited = number(counted.frames_sent);
    stats.dwFramesRcved = number(counted.frames_received);
    stats.dwCrcErr = number(counted.crc_errors);
    stats.dwAlignmentErr = number(counted.aborts);
    stats.dwFramingErr = number(counted.framing_errors);
    stats.dwBufferOverrunErr = number(counted.overruns);
    stats.dwConnectDuration = number(counted.connected_ms);
    // what is not compressed is 100 percent of itself
    (stats.dwCompressionRatioIn, stats.dwCompressionRatioOut) = (100, 100);
    stats
}
