//! Ports: RasAdminPortEnum, PortGetInfo, PortClearStatistics and PortDisconnect.

use std::ffi::c_void;

use openras_api::types::call::CallStory;
use openras_api::types::event::Projection;
use openras_api::types::port::{Port, Statistics};
use openras_api::{Client, Problem};
use openras_engine::RasError;

use super::buffers::{Buffer, address_or, keep};
use super::server::instead;
use super::{NO_USER, ask, is_local};
use crate::abi::admin::{
    AtcpResult, IpcpResult, IpxcpResult, NbfcpResult, Parameters, ParamsValue, Port0, Port1, PortStatistics,
    ProjectionResult,
};
use crate::calls::reason;
use crate::guard::{Dword, INVALID_PARAMETER, guard};
use crate::text::{array, from_pointer};

/// NERR_ItemNotFound, ERROR_DEV_NOT_EXIST, ERROR_INVALID_PORT_HANDLE.
const NO_PORTS: RasError = RasError(2115);
const NO_SUCH_PORT: RasError = RasError(55);
const INVALID_PORT: RasError = RasError(601);
/// ERROR_PROTOCOL_NOT_CONFIGURED.
const NOT_CONFIGURED: u32 = 731;
/// USER_AUTHENTICATED, PPP_CLIENT.
const AUTHENTICATED: u32 = 0x1;
const PPP: u32 = 0x4;
/// RAS_MODEM_OPERATIONAL, RAS_MODEM_NOT_RESPONDING.
const OPERATIONAL: u32 = 1;
const NOT_RESPONDING: u32 = 2;
/// ParamNumber, ParamString.
const NUMBER: u32 = 0;
const STRING: u32 = 1;
/// Counters in RAS_PORT_STATISTICS.
const COUNTERS: u16 = 28;

/// RasAdminPortEnum: all ports in an array that RasAdminFreeBuffer gives back. 2115 there are none, 87, 53, 5.
///
/// # Safety
/// `server` is NULL or a text with its NUL; the others are NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasAdminPortEnum(server: *const u16, ports: *mut usize, count: *mut u16) -> Dword {
    guard(|| {
        if ports.is_null() || count.is_null() {
            return Err(INVALID_PARAMETER);
        }
        // SAFETY: not NULL, so the caller vouches for them.
        unsafe {
            ports.write_unaligned(0);
            count.write_unaligned(0);
        }
        // SAFETY: as the caller promised us.
        unsafe { is_local(server) }?;
        let found = ask(async |client| client.ports().await)?;
        let told: Box<[Port0]> = found.iter().take(usize::from(u16::MAX)).map(port0).collect();
        let many = u16::try_from(told.len()).unwrap_or(u16::MAX);
        let buffer = (many > 0).then_some(Buffer::Ports(told));
        address_or(NO_PORTS, buffer, |address| {
            // SAFETY: as above.
            unsafe {
                ports.write_unaligned(address);
                count.write_unaligned(many);
            }
        })
    })
}

/// RasAdminPortGetInfo: a port, the counters of its call and the parameters of its line, which RasAdminFreeBuffer gives
/// back. 55 no such port, 87, 53, 5.
///
/// # Safety
/// The names are NULL or texts with their NUL; `info` is NULL or has 1188 bytes, `statistics` 112, and `parameters` is
/// NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasAdminPortGetInfo(
    server: *const u16,
    port: *const u16,
    info: *mut c_void,
    statistics: *mut c_void,
    parameters: *mut usize,
) -> Dword {
    guard(|| {
        if info.is_null() || statistics.is_null() || parameters.is_null() {
            return Err(INVALID_PARAMETER);
        }
        // SAFETY: not NULL, so the caller vouches for it.
        unsafe { parameters.write_unaligned(0) };
        // SAFETY: as the caller promised us.
        let name = unsafe { named(server, port) }?;
        let (found, story) = ask(async |client| look(&client, &name).await)?.ok_or(NO_SUCH_PORT)?;
        let (list, texts) = media(&found);
        let agreed = story.and_then(|story| story.projection);
        // SAFETY: not NULL, so the caller vouches for them.
        unsafe {
            info.cast::<Port1>().write_unaligned(port1(&found, agreed.as_ref(), &list, &texts));
            statistics.cast::<PortStatistics>().write_unaligned(counters(&found.statistics));
        }
        if !list.is_empty() {
            let address = keep(Buffer::Parameters(list.into(), texts));
            // SAFETY: as above.
            unsafe { parameters.write_unaligned(address) };
        }
        Ok(())
    })
}

/// RasAdminPortClearStatistics: the counters begin at 0 again, for everyone. 55 no such port, 87, 53, 5.
///
/// # Safety
/// The names are NULL or texts with their NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasAdminPortClearStatistics(server: *const u16, port: *const u16) -> Dword {
    guard(|| {
        // SAFETY: as the caller promised us.
        let name = unsafe { named(server, port) }?;
        let done = ask(async |client| {
            let Some(port) = find(&client, &name).await? else { return Ok(None) };
            client.clear_port_statistics(&port.name).await.map(Some)
        });
        done.map_err(|error| instead(error, &[(6, NO_SUCH_PORT)]))?.ok_or(NO_SUCH_PORT)
    })
}

/// RasAdminPortDisconnect: ends the call of a port. 601 no such port, 2221 it has no call, 87, 53, 5.
///
/// # Safety
/// The names are NULL or texts with their NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RasAdminPortDisconnect(server: *const u16, port: *const u16) -> Dword {
    guard(|| {
        // SAFETY: as the caller promised us.
        let name = unsafe { named(server, port) }?;
        let done = ask(async |client| {
            let Some(port) = find(&client, &name).await? else { return Ok(None) };
            client.disconnect(&port.name).await.map(Some)
        });
        done.map_err(|error| instead(error, &[(6, INVALID_PORT), (668, NO_USER)]))?.ok_or(INVALID_PORT)
    })
}

unsafe fn named(server: *const u16, port: *const u16) -> Result<String, RasError> {
    // SAFETY: as the caller promised us.
    let name = unsafe { from_pointer(port) }.filter(|name| !name.is_empty()).ok_or(INVALID_PARAMETER)?;
    // SAFETY: as the caller promised us.
    unsafe { is_local(server) }?;
    Ok(name)
}

/// The port of a name, or of the name that was cut to fit into RAS_PORT_0, where only one port has that.
async fn find(client: &Client, name: &str) -> Result<Option<Port>, Problem> {
    let mut ports = client.ports().await?;
    if let Some(at) = ports.iter().position(|port| port.name == name) {
        return Ok(Some(ports.swap_remove(at)));
    }
    ports.retain(|port| array::<u16, 16>(&port.name) == array::<u16, 16>(name));
    if ports.len() > 1 {
        reason::set(
            "Several ports have names that begin so; give the whole name, as `openras ports` shows it.",
        );
        return Ok(None);
    }
    Ok(ports.pop())
}

async fn look(client: &Client, name: &str) -> Result<Option<(Port, Option<CallStory>)>, Problem> {
    let Some(port) = find(client, name).await? else { return Ok(None) };
    let story = match port.call {
        // a call that is gone by now has no story
        Some(id) => client.call(id).await.ok(),
        None => None,
    };
    Ok(Some((port, story)))
}

fn port0(port: &Port) -> Port0 {
    let user = port.user.as_deref().unwrap_or_default();
    let (domain, name) = user.split_once('\\').unwrap_or(("", user));
    let kind = port.line.trim_start_matches("listen:").split(':').next().unwrap_or_default();
    Port0 {
        wszPortName: array(&port.name),
        wszDeviceType: array(if kind == "exchange" { "modem" } else { "null" }),
        wszDeviceName: array(&port.line),
        wszMediaName: array("SERIAL"),
        reserved: 0,
        Flags: if port.condition == "authenticated" { AUTHENTICATED | PPP } else { 0 },
        wszUserName: array(name),
        wszComputer: array(""),
        dwStartSessionTime: port.since.and_then(|since| u32::try_from(since).ok()).unwrap_or_default(),
        wszLogonDomain: array(domain),
        fAdvancedServer: 1,
    }
}

fn port1(port: &Port, agreed: Option<&Projection>, list: &[Parameters], texts: &[Box<[u8]>]) -> Port1 {
    let bytes = size_of_val(list) + texts.iter().map(|text| text.len()).sum::<usize>();
    Port1 {
        rasport0: port0(port),
        // rassapi.h counts from 1, mprapi.h from 0
        LineCondition: port.condition_number.saturating_add(1),
        HardwareCondition: if port.problem.is_some() { NOT_RESPONDING } else { OPERATIONAL },
        LineSpeed: 0,
        NumStatistics: COUNTERS,
        NumMediaParms: u16::try_from(list.len()).unwrap_or(u16::MAX),
        SizeMediaParms: u32::try_from(bytes).unwrap_or(u32::MAX),
        ProjResult: projection(agreed),
    }
}

/// What the network protocols settled: IP, and nothing else there ever was here.
fn projection(agreed: Option<&Projection>) -> ProjectionResult {
    let ip = match agreed.and_then(|agreed| agreed.ipv4.as_ref()) {
        Some(ip) => IpcpResult { dwError: 0, wszAddress: array(&ip.remote.to_string()) },
        None => IpcpResult { dwError: NOT_CONFIGURED, wszAddress: array("") },
    };
    ProjectionResult {
        nbf: NbfcpResult {
            dwError: NOT_CONFIGURED,
            dwNetBiosError: 0,
            szName: array(""),
            wszWksta: array(""),
        },
        ip,
        ipx: IpxcpResult { dwError: NOT_CONFIGURED, wszAddress: array("") },
        at: AtcpResult { dwError: NOT_CONFIGURED, wszAddress: array("") },
    }
}

/// What there is to say of a line: the number of its call, and where that came from.
fn media(port: &Port) -> (Vec<Parameters>, Vec<Box<[u8]>>) {
    let (mut list, mut texts) = (Vec::new(), Vec::new());
    let parameter = |key, format, number_or_length, data| Parameters {
        P_Key: array(key),
        P_Type: format,
        P_Attributes: 0,
        P_Value: ParamsValue { number_or_length, data },
    };
    if let Some(call) = port.call {
        list.push(parameter("CALL", NUMBER, u32::try_from(call).unwrap_or(u32::MAX), 0));
    }
    if let Some(source) = &port.source {
        // with a NUL, which the length does not count
        let text: Box<[u8]> = source.bytes().chain([0]).collect();
        let length = u32::try_from(source.len()).unwrap_or(u32::MAX);
        list.push(parameter("SOURCE", STRING, length, text.as_ptr().expose_provenance()));
        texts.push(text);
    }
    (list, texts)
}

/// Both sets: a connection has one link here.
fn counters(counted: &Statistics) -> PortStatistics {
    let number = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
    let [sent, received] = [number(counted.bytes_sent), number(counted.bytes_received)];
    let [frames_sent, frames_received] = [number(counted.frames_sent), number(counted.frames_received)];
    let [crc, alignment] = [number(counted.crc_errors), number(counted.aborts)];
    let [framing, overrun] = [number(counted.framing_errors), number(counted.overruns)];
    PortStatistics {
        dwBytesXmited: sent,
        dwBytesRcved: received,
        dwFramesXmited: frames_sent,
        dwFramesRcved: frames_received,
        dwCrcErr: crc,
        dwTimeoutErr: 0,
        dwAlignmentErr: alignment,
        dwHardwareOverrunErr: 0,
        dwFramingErr: framing,
        dwBufferOverrunErr: overrun,
        dwBytesXmitedUncompressed: sent,
        dwBytesRcvedUncompressed: received,
        dwBytesXmitedCompressed: 0,
        dwBytesRcvedCompressed: 0,
        dwPortBytesXmited: sent,
        dwPortBytesRcved: received,
        dwPortFramesXmited: frames_sent,
        dwPortFramesRcved: frames_received,
        dwPortCrcErr: crc,
        dwPortTimeoutErr: 0,
        dwPortAlignmentErr: alignment,
        dwPortHardwareOverrunErr: 0,
        dwPortFramingErr: framing,
        dwPortBufferOverrunErr: overrun,
        dwPortBytesXmitedUncompressed: sent,
        dwPortBytesRcvedUncompressed: received,
        dwPortBytesXmitedCompressed: 0,
        dwPortBytesRcvedCompressed: 0,
    }
}
