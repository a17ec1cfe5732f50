//! What RasGetProjectionInfoEx gives. There are no IKEv2 connections here, so the PPP form is all of it.

#![allow(non_snake_case, reason = "the members have their names of the headers")]

/// RAS_PROJECTION_INFO with RASPPP_PROJECTION_INFO in its union, the largest member.
#[derive(Clone, Copy, Default)]
#[repr(C)]
pub(crate) struct ProjectionInfo {
    pub(crate) version: u32,
    pub(crate) kind: u32,
    pub(crate) dwIPv4NegotiationError: u32,
    pub(crate) ipv4Address: [u8; 4],
    pub(crate) ipv4ServerAddress: [u8; 4],
    pub(crate) dwIPv4Options: u32,
    pub(crate) dwIPv4ServerOptions: u32,
    pub(crate) dwIPv6NegotiationError: u32,
    pub(crate) bInterfaceIdentifier: [u8; 8],
    pub(crate) bServerInterfaceIdentifier: [u8; 8],
    pub(crate) fBundled: i32,
    pub(crate) fMultilink: i32,
    pub(crate) dwAuthenticationProtocol: u32,
    pub(crate) dwAuthenticationData: u32,
    pub(crate) dwServerAuthenticationProtocol: u32,
    pub(crate) dwServerAuthenticationData: u32,
    pub(crate) dwEapTypeId: u32,
    pub(crate) dwServerEapTypeId: u32,
    pub(crate) dwLcpOptions: u32,
    pub(crate) dwLcpServerOptions: u32,
    pub(crate) dwCcpError: u32,
    pub(crate) dwCcpCompressionAlgorithm: u32,
    pub(crate) dwCcpServerCompressionAlgorithm: u32,
    pub(crate) dwCcpOptions: u32,
    pub(crate) dwCcpServerOptions: u32,
}

/// PROJECTION_INFO_TYPE_PPP
pub(crate) const KIND_PPP: u32 = 1;

const _: () = assert!(size_of::<ProjectionInfo>() == 108);
