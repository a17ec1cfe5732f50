//! The one mapping from what went wrong inside to a RAS number.

use openras_ppp::DownReason;
use openras_ppp::ask::Refusal;
use openras_ppp::event::NetworkFailure;
use openras_ppp::wire::Protocol;

use super::RasError;

impl RasError {
    /// The number for the end of a PPP connection; `None` where the end is no failure: a close of ours, or an
    /// agreed callback.
    ///
    /// `PeerGone` is 628 like any other line that went silent. 812 stands for every pair of settings that do
    /// not fit in authentication; 718 for authentication that took too long.
    pub fn from_down(reason: &DownReason) -> Option<Self> {
        Some(match reason {
            DownReason::Closed | DownReason::Callback { .. } => return None,
            DownReason::LineLost | DownReason::PeerGone => Self::DISCONNECTION,
            DownReason::TerminatedByPeer => Self::REMOTE_DISCONNECTION,
            DownReason::LcpTerminated => Self::PPP_LCP_TERMINATED,
            DownReason::NoResponse => Self::PPP_NO_RESPONSE,
            DownReason::LcpTimeout | DownReason::AuthTimeout => Self::PPP_TIMEOUT,
            DownReason::NotConverging => Self::PPP_NOT_CONVERGING,
            DownReason::Loopback => Self::PPP_LOOPBACK_DETECTED,
            DownReason::AuthMethodRefused(_) | DownReason::AuthMissing => Self::SERVER_POLICY,
            DownReason::AuthRefused(refusal) | DownReason::PeerRefused(refusal) => {
                Self::from_refusal(refusal)
            }
            DownReason::ServerNotProven => Self::UNABLE_TO_AUTHENTICATE_SERVER,
            DownReason::CallbackRequired => Self::SERVER_POLICY,
            DownReason::CallbackFailed => Self::BAD_CALLBACK_NUMBER,
            DownReason::Idle(_) => Self::IDLE_TIMEOUT,
            DownReason::SessionLimit(_) => Self::SERVER_POLICY,
            DownReason::NoNetwork(failed) => Self::from_networks(failed),
        })
    }

    /// The number of a refusal: what the server said, if it is one of RAS's, else 691.
    pub fn from_refusal(refusal: &Refusal) -> Self {
        match refusal.error {
            645..=649 | 691 | 708 | 709 => Self(refusal.error),
            _ => Self::AUTHENTICATION_FAILURE,
        }
    }

    /// IPv4's failure decides, for it is what most calls are for; without one, the first that is no `Disabled`.
    fn from_networks(failed: &[(Protocol, NetworkFailure)]) -> Self {
        let wanted = || failed.iter().filter(|(_, why)| *why != NetworkFailure::Disabled);
        let decisive = wanted().find(|(protocol, _)| *protocol == Protocol::IPCP).or_else(|| wanted().next());
        match decisive.map(|(_, why)| *why) {
            Some(NetworkFailure::Rejected) => Self::PPP_CP_REJECTED,
            Some(NetworkFailure::TerminatedByPeer) => Self::PPP_NCP_TERMINATED,
            Some(NetworkFailure::Timeout) => Self::PPP_TIMEOUT,
            Some(NetworkFailure::NotConverging) => Self::PPP_NOT_CONVERGING,
            Some(NetworkFailure::NoAddress) => Self::PPP_NO_ADDRESS_ASSIGNED,
            Some(NetworkFailure::Disabled) | None => Self::PPP_NO_PROTOCOLS_CONFIGURED,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(error: u32) -> DownReason {
        DownReason::AuthRefused(Refusal { error, retry: false, message: String::new() })
    }

    #[test]
    fn each_reason_has_the_number_of_the_documents() {
        let cases = [
            (DownReason::LineLost, 628),
            (DownReason::PeerGone, 628),
            (DownReason::TerminatedByPeer, 629),
            (DownReason::LcpTerminated, 734),
            (DownReason::NoResponse, 721),
            (DownReason::LcpTimeout, 718),
            (DownReason::AuthTimeout, 718),
            (DownReason::NotConverging, 732),
            (DownReason::Loopback, 737),
            (DownReason::AuthMethodRefused("pap".into()), 812),
            (DownReason::AuthMissing, 812),
            (refused(645), 645),
            (refused(646), 646),
            (refused(709), 709),
            (refused(4711), 691),
            (DownReason::ServerNotProven, 778),
            (DownReason::CallbackRequired, 812),
            (DownReason::CallbackFailed, 704),
            (DownReason::NoNetwork(vec![]), 720),
            (DownReason::Idle(std::time::Duration::from_secs(60)), 828),
            (DownReason::SessionLimit(std::time::Duration::from_secs(60)), 812),
        ];
        for (reason, number) in cases {
            assert_eq!(RasError::from_down(&reason), Some(RasError(number)), "{reason:?}");
        }
        assert_eq!(RasError::from_down(&DownReason::Closed), None);
        assert_eq!(RasError::from_down(&DownReason::Callback { number: String::new(), delay: 5 }), None);
    }

    #[test]
    fn ipv4_decides_among_network_protocols() {
        let failed =
            vec![(Protocol::IPV6CP, NetworkFailure::Rejected), (Protocol::IPCP, NetworkFailure::NoAddress)];
        assert_eq!(RasError::from_down(&DownReason::NoNetwork(failed)), Some(RasError(738)));
        let failed =
            vec![(Protocol::IPCP, NetworkFailure::Disabled), (Protocol::IPV6CP, NetworkFailure::Rejected)];
        assert_eq!(RasError::from_down(&DownReason::NoNetwork(failed)), Some(RasError(733)));
    }
}
