//! Administration of the server (rassapi.h, aligned by nature).

#![allow(non_snake_case, reason = "the members have their names of the headers")]

/// NetBEUI of a port.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct NbfcpResult {
    pub(crate) dwError: u32,
    pub(crate) dwNetBiosError: u32,
    pub(crate) szName: [u8; 17],
    pub(crate) wszWksta: [u16; 17],
}

/// IP of a port.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct IpcpResult {
    pub(crate) dwError: u32,
    pub(crate) wszAddress: [u16; 16],
}

/// IPX of a port.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct IpxcpResult {
    pub(crate) dwError: u32,
    pub(crate) wszAddress: [u16; 23],
}

/// AppleTalk of a port.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct AtcpResult {
    pub(crate) dwError: u32,
    pub(crate) wszAddress: [u16; 33],
}

/// The network protocols of a port.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct ProjectionResult {
    pub(crate) nbf: NbfcpResult,
    pub(crate) ip: IpcpResult,
    pub(crate) ipx: IpxcpResult,
    pub(crate) at: AtcpResult,
}

/// A port.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Port0 {
    pub(crate) wszPortName: [u16; 16],
    pub(crate) wszDeviceType: [u16; 16],
    pub(crate) wszDeviceName: [u16; 128],
    pub(crate) wszMediaName: [u16; 16],
    pub(crate) reserved: u32,
    pub(crate) Flags: u32,
    pub(crate) wszUserName: [u16; 257],
    pub(crate) wszComputer: [u16; 16],
    pub(crate) dwStartSessionTime: u32,
    pub(crate) wszLogonDomain: [u16; 16],
    pub(crate) fAdvancedServer: i32,
}

/// A port in detail.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Port1 {
    pub(crate) rasport0: Port0,
    pub(crate) LineCondition: u32,
    pub(crate) HardwareCondition: u32,
    pub(crate) LineSpeed: u32,
    pub(crate) NumStatistics: u16,
    pub(crate) NumMediaParms: u16,
    pub(crate) SizeMediaParms: u32,
    pub(crate) ProjResult: ProjectionResult,
}

/// Counters of the connection, then of the port.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct PortStatistics {
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
    pub(crate) dwBytesXmitedUncompressed: u32,
    pub(crate) dwBytesRcvedUncompressed: u32,
    pub(crate) dwBytesXmitedCompressed: u32,
    pub(crate) dwBytesRcvedCompressed: u32,
    pub(crate) dwPortBytesXmited: u32,
    pub(crate) dwPortBytesRcved: u32,
    pub(crate) dwPortFramesXmited: u32,
    pub(crate) dwPortFramesRcved: u32,
    pub(crate) dwPortCrcErr: u32,
    pub(crate) dwPortTimeoutErr: u32,
    pub(crate) dwPortAlignmentErr: u32,
    pub(crate) dwPortHardwareOverrunErr: u32,
    pub(crate) dwPortFramingErr: u32,
    pub(crate) dwPortBufferOverrunErr: u32,
    pub(crate) dwPortBytesXmitedUncompressed: u32,
    pub(crate) dwPortBytesRcvedUncompressed: u32,
    pub(crate) dwPortBytesXmitedCompressed: u32,
    pub(crate) dwPortBytesRcvedCompressed: u32,
}

/// RAS_PARAMS_VALUE: a number, or the length and the address of text.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct ParamsValue {
    pub(crate) number_or_length: u32,
    pub(crate) data: usize,
}

/// A parameter of the media: a number, or a length and a pointer to text.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Parameters {
    pub(crate) P_Key: [u8; 32],
    pub(crate) P_Type: u32,
    pub(crate) P_Attributes: u8,
    pub(crate) P_Value: ParamsValue,
}

/// The server.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Server0 {
    pub(crate) TotalPorts: u16,
    pub(crate) PortsInUse: u16,
    pub(crate) RasVersion: u32,
}

/// What a user may.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct User0 {
    pub(crate) bfPrivilege: u8,
    pub(crate) szPhoneNumber: [u16; 129],
}

layout! {
    fixed NbfcpResult "RAS_PPP_NBFCP_RESULT" [60] {
        dwError 0; dwNetBiosError 4; szName 8; wszWksta 26;
    }
}
layout! {
    fixed IpcpResult "RAS_PPP_IPCP_RESULT" [36] {
        dwError 0; wszAddress 4;
    }
}
layout! {
    fixed IpxcpResult "RAS_PPP_IPXCP_RESULT" [52] {
        dwError 0; wszAddress 4;
    }
}
layout! {
    fixed AtcpResult "RAS_PPP_ATCP_RESULT" [72] {
        dwError 0; wszAddress 4;
    }
}
layout! {
    fixed ProjectionResult "RAS_PPP_PROJECTION_RESULT" [220] {
        nbf 0; ip 60; ipx 96; at 148;
    }
}
layout! {
    fixed Port0 "RAS_PORT_0" [948] {
        wszPortName 0; wszDeviceType 32; wszDeviceName 64; wszMediaName 320; reserved 352; Flags 356;
        wszUserName 360; wszComputer 874; dwStartSessionTime 908; wszLogonDomain 912;
        fAdvancedServer 944;
    }
}
layout! {
    fixed Port1 "RAS_PORT_1" [1188] {
        rasport0 0; LineCondition 948; HardwareCondition 952; LineSpeed 956; NumStatistics 960;
        NumMediaParms 962; SizeMediaParms 964; ProjResult 968;
    }
}
layout! {
    fixed PortStatistics "RAS_PORT_STATISTICS" [112] {
        dwBytesXmited 0; dwBytesRcved 4; dwFramesXmited 8; dwFramesRcved 12; dwCrcErr 16;
        dwTimeoutErr 20; dwAlignmentErr 24; dwHardwareOverrunErr 28; dwFramingErr 32;
        dwBufferOverrunErr 36; dwBytesXmitedUncompressed 40; dwBytesRcvedUncompressed 44;
        dwBytesXmitedCompressed 48; dwBytesRcvedCompressed 52; dwPortBytesXmited 56; dwPortBytesRcved 60;
        dwPortFramesXmited 64; dwPortFramesRcved 68; dwPortCrcErr 72; dwPortTimeoutErr 76;
        dwPortAlignmentErr 80; dwPortHardwareOverrunErr 84; dwPortFramingErr 88;
        dwPortBufferOverrunErr 92; dwPortBytesXmitedUncompressed 96; dwPortBytesRcvedUncompressed 100;
        dwPortBytesXmitedCompressed 104; dwPortBytesRcvedCompressed 108;
    }
}
layout! {
    fixed Parameters "RAS_PARAMETERS" [56/48] {
        P_Key 0; P_Type 32; P_Attributes 36; P_Value 40;
    }
}
layout! {
    fixed Server0 "RAS_SERVER_0" [8] {
        TotalPorts 0; PortsInUse 2; RasVersion 4;
    }
}
layout! {
    fixed User0 "RAS_USER_0" [260] {
        bfPrivilege 0; szPhoneNumber 2;
    }
}
