//! What the network protocols settled.

#![allow(non_snake_case, reason = "the members have their names of the headers")]

use crate::text::Char;

/// IPCP.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct PppIp<C: Char> {
    pub(crate) dwSize: u32,
    pub(crate) dwError: u32,
    pub(crate) szIpAddress: [C; 16],
    pub(crate) szServerIpAddress: [C; 16],
    pub(crate) dwOptions: u32,
    pub(crate) dwServerOptions: u32,
}

/// IPV6CP.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct PppIpv6 {
    pub(crate) dwSize: u32,
    pub(crate) dwError: u32,
    pub(crate) bLocalInterfaceIdentifier: [u8; 8],
    pub(crate) bPeerInterfaceIdentifier: [u8; 8],
    pub(crate) bLocalCompressionProtocol: [u8; 2],
    pub(crate) bPeerCompressionProtocol: [u8; 2],
}

/// LCP.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct PppLcp<C: Char> {
    pub(crate) dwSize: u32,
    pub(crate) fBundled: i32,
    pub(crate) dwError: u32,
    pub(crate) dwAuthenticationProtocol: u32,
    pub(crate) dwAuthenticationData: u32,
    pub(crate) dwEapTypeId: u32,
    pub(crate) dwServerAuthenticationProtocol: u32,
    pub(crate) dwServerAuthenticationData: u32,
    pub(crate) dwServerEapTypeId: u32,
    pub(crate) fMultilink: i32,
    pub(crate) dwTerminateReason: u32,
    pub(crate) dwServerTerminateReason: u32,
    pub(crate) szReplyMessage: [C; 1024],
    pub(crate) dwOptions: u32,
    pub(crate) dwServerOptions: u32,
}

/// CCP.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct PppCcp {
    pub(crate) dwSize: u32,
    pub(crate) dwError: u32,
    pub(crate) dwCompressionAlgorithm: u32,
    pub(crate) dwOptions: u32,
    pub(crate) dwServerCompressionAlgorithm: u32,
    pub(crate) dwServerOptions: u32,
}

/// SLIP.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Slip<C: Char> {
    pub(crate) dwSize: u32,
    pub(crate) dwError: u32,
    pub(crate) szIpAddress: [C; 16],
}

/// NBFCP, never settled.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct PppNbf<C: Char> {
    pub(crate) dwSize: u32,
    pub(crate) dwError: u32,
    pub(crate) dwNetBiosError: u32,
    pub(crate) szNetBiosError: [C; 17],
    pub(crate) szWorkstationName: [C; 17],
    pub(crate) bLana: u8,
}

/// IPXCP, never settled.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct PppIpx<C: Char> {
    pub(crate) dwSize: u32,
    pub(crate) dwError: u32,
    pub(crate) szIpxAddress: [C; 22],
}

/// The oldest gateway protocol, never settled.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Amb<C: Char> {
    pub(crate) dwSize: u32,
    pub(crate) dwError: u32,
    pub(crate) szNetBiosError: [C; 17],
    pub(crate) bLana: u8,
}

layout! {
    versioned PppIp<A, W> "RASPPPIP" [40, 48] [72, 80] {
        dwSize 0, 0; dwError 4, 4; szIpAddress 8, 8; szServerIpAddress 24, 40; dwOptions 40, 72;
        dwServerOptions 44, 76;
    }
}
layout! {
    versioned PppIpv6 "RASPPPIPV6" [28] {
        dwSize 0; dwError 4; bLocalInterfaceIdentifier 8; bPeerInterfaceIdentifier 16;
        bLocalCompressionProtocol 24; bPeerCompressionProtocol 26;
    }
}
layout! {
    versioned PppLcp<A, W> "RASPPPLCP" [8, 1080] [8, 2104] {
        dwSize 0, 0; fBundled 4, 4; dwError 8, 8; dwAuthenticationProtocol 12, 12;
        dwAuthenticationData 16, 16; dwEapTypeId 20, 20; dwServerAuthenticationProtocol 24, 24;
        dwServerAuthenticationData 28, 28; dwServerEapTypeId 32, 32; fMultilink 36, 36;
        dwTerminateReason 40, 40; dwServerTerminateReason 44, 44; szReplyMessage 48, 48;
        dwOptions 1072, 2096; dwServerOptions 1076, 2100;
    }
}
layout! {
    versioned PppCcp "RASPPPCCP" [24] {
        dwSize 0; dwError 4; dwCompressionAlgorithm 8; dwOptions 12; dwServerCompressionAlgorithm 16;
        dwServerOptions 20;
    }
}
layout! {
    versioned Slip<A, W> "RASSLIP" [24] [40] {
        dwSize 0, 0; dwError 4, 4; szIpAddress 8, 8;
    }
}
layout! {
    versioned PppNbf<A, W> "RASPPPNBF" [48] [84] {
        dwSize 0, 0; dwError 4, 4; dwNetBiosError 8, 8; szNetBiosError 12, 12; szWorkstationName 29, 46;
        bLana 46, 80;
    }
}
layout! {
    versioned PppIpx<A, W> "RASPPPIPX" [32] [52] {
        dwSize 0, 0; dwError 4, 4; szIpxAddress 8, 8;
    }
}
layout! {
    versioned Amb<A, W> "RASAMB" [28] [44] {
        dwSize 0, 0; dwError 4, 4; szNetBiosError 8, 8; bLana 25, 42;
    }
}
