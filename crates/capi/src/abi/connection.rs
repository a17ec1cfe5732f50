//! Active connections and their counters.

#![allow(non_snake_case, reason = "the members have their names of the headers")]

use super::basic::{Guid, Luid, Pointer};
use crate::text::Char;

/// One end of a tunnel.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct TunnelEndPoint {
    pub(crate) dwType: u32,
    pub(crate) address: [u8; 16],
}

/// An active connection.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Conn<C: Char> {
    pub(crate) dwSize: u32,
    pub(crate) hrasconn: Pointer,
    pub(crate) szEntryName: [C; 257],
    pub(crate) szDeviceType: [C; 17],
    pub(crate) szDeviceName: [C; 129],
    pub(crate) szPhonebook: [C; 260],
    pub(crate) dwSubEntry: u32,
    pub(crate) guidEntry: Guid,
    pub(crate) dwFlags: u32,
    pub(crate) luid: Luid,
    pub(crate) guidCorrelationId: Guid,
}

/// Where a dial is.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct ConnStatus<C: Char> {
    pub(crate) dwSize: u32,
    pub(crate) rasconnstate: u32,
    pub(crate) dwError: u32,
    pub(crate) szDeviceType: [C; 17],
    pub(crate) szDeviceName: [C; 129],
    pub(crate) szPhoneNumber: [C; 129],
    pub(crate) localEndPoint: TunnelEndPoint,
    pub(crate) remoteEndPoint: TunnelEndPoint,
    pub(crate) rasconnsubstate: u32,
}

/// Counters; the duration in milliseconds.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Stats {
    pub(crate) dwSize: u32,
    pub(crate) dwBytesXmited: u32,
    pub(crate) dwBytesRcved: u32,
    pub(crate) dwFramesXmited: u32,
    pub(crate) dwFramesRcved: u32,
    pub(crate) dwCrcErr: u32,
    pub(crate) dwTimeoutErr: u32,
    pub(crate) dwAlignmentErr: u32,
    pub(crate) dwHardwareOverrunErr: u32,
    pub(crate) dwFramingErr: u32,
    pub(crate) dwBufferOverrunErr: u32,
    pub(crate) dwCompressionRatioIn: u32,
    pub(crate) dwCompressionRatioOut: u32,
    pub(crate) dwBps: u32,
    pub(crate) dwConnectDuration: u32,
}

layout! {
    fixed TunnelEndPoint "RASTUNNELENDPOINT" [20] {
        dwType 0;
    }
}
layout! {
    versioned Conn<A, W> "RASCONN" [416/412, 680/676, 696/692, 708/704, 724/720] [820/816, 1344/1340, 1360/1356, 1372/1368, 1388/1384] {
        dwSize 0, 0; hrasconn 4, 4; szEntryName 12/8, 12/8; szDeviceType 269/265, 526/522;
        szDeviceName 286/282, 560/556; szPhonebook 415/411, 818/814; dwSubEntry 676/672, 1340/1336;
        guidEntry 680/676, 1344/1340; dwFlags 696/692, 1360/1356; luid 700/696, 1364/1360;
        guidCorrelationId 708/704, 1372/1368;
    }
}
layout! {
    versioned ConnStatus<A, W> "RASCONNSTATUS" [160, 288, 332] [304, 564, 608] {
        dwSize 0, 0; rasconnstate 4, 4; dwError 8, 8; szDeviceType 12, 12; szDeviceName 29, 46;
        szPhoneNumber 158, 304; localEndPoint 288, 564; remoteEndPoint 308, 584;
        rasconnsubstate 328, 604;
    }
}
layout! {
    versioned Stats "RAS_STATS" [60] {
        dwSize 0; dwBytesXmited 4; dwBytesRcved 8; dwFramesXmited 12; dwFramesRcved 16; dwCrcErr 20;
        dwTimeoutErr 24; dwAlignmentErr 28; dwHardwareOverrunErr 32; dwFramingErr 36;
        dwBufferOverrunErr 40; dwCompressionRatioIn 44; dwCompressionRatioOut 48; dwBps 52;
        dwConnectDuration 56;
    }
}
