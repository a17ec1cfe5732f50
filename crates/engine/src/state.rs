//! RASCONNSTATE: the states of a dial.

use std::fmt;

/// A RASCONNSTATE number. Unknown numbers are kept and shown as they came.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnState(pub u32);

/// RASCS_PAUSED: the bit of the states that wait for the client.
const PAUSED: u32 = 0x1000;
/// RASCS_DONE: the bit of the states after which nothing follows.
const DONE: u32 = 0x2000;

macro_rules! states {
    ($($(#[$doc:meta])* $number:literal $constant:ident $name:literal $sentence:literal)*) => {
        impl ConnState {
            $($(#[$doc])* pub const $constant: Self = Self($number);)*

            /// Every state that has a name, in ascending order.
            pub const ALL: &[Self] = &[$(Self($number)),*];

            fn row(self) -> Option<(&'static str, &'static str)> {
                Some(match self.0 {
                    $($number => ($name, $sentence),)*
                    _ => return None,
                })
            }
        }
    };
}

states! {
    /// The port is about to be opened.
    0 OPEN_PORT "RASCS_OpenPort" "Opening the port"
    /// The port is open.
    1 PORT_OPENED "RASCS_PortOpened" "The port is open"
    /// A device is about to be connected.
    2 CONNECT_DEVICE "RASCS_ConnectDevice" "Dialling"
    /// That device has connected.
    3 DEVICE_CONNECTED "RASCS_DeviceConnected" "The call was answered"
    /// The physical link is up.
    4 ALL_DEVICES_CONNECTED "RASCS_AllDevicesConnected" "The line is up"
    /// PPP and authentication start.
    5 AUTHENTICATE "RASCS_Authenticate" "Starting PPP and authentication"
    /// An authentication event: a more specific state follows, or the error says why it failed.
    6 AUTH_NOTIFY "RASCS_AuthNotify" "The server has answered the authentication"
    /// The client asks for another try.
    7 AUTH_RETRY "RASCS_AuthRetry" "Trying again with the new user name and password"
    /// The server asks for the callback number.
    8 AUTH_CALLBACK "RASCS_AuthCallback" "The server asks where to call back"
    /// The client asks for another password.
    9 AUTH_CHANGE_PASSWORD "RASCS_AuthChangePassword" "Changing the password"
    /// The network protocols are being negotiated.
    10 AUTH_PROJECT "RASCS_AuthProject" "Registering on the network"
    /// The link speed is being worked out.
    11 AUTH_LINK_SPEED "RASCS_AuthLinkSpeed" "Measuring the link speed"
    /// An authentication request is being acknowledged.
    12 AUTH_ACK "RASCS_AuthAck" "The authentication is being acknowledged"
    /// Authentication restarts after a callback.
    13 RE_AUTHENTICATE "RASCS_ReAuthenticate" "Authenticating again on the call from the server"
    /// The user has passed.
    14 AUTHENTICATED "RASCS_Authenticated" "Authenticated"
    /// The line is about to be dropped for the callback.
    15 PREPARE_FOR_CALLBACK "RASCS_PrepareForCallback" "Hanging up so that the server can call back"
    /// The modem resets before it can answer.
    16 WAIT_FOR_MODEM_RESET "RASCS_WaitForModemReset" "Getting the line ready for the callback"
    /// The incoming call is awaited.
    17 WAIT_FOR_CALLBACK "RASCS_WaitForCallback" "Waiting for the server to call back"
    /// The network protocols are up.
    18 PROJECTED "RASCS_Projected" "Registered on the network"
    /// Windows 95 only: authentication begins.
    19 START_AUTHENTICATION "RASCS_StartAuthentication" "Authentication begins"
    /// Windows 95 only: called back.
    20 CALLBACK_COMPLETE "RASCS_CallbackComplete" "The server has called back"
    /// Windows 95 only: logging on to the remote network.
    21 LOGON_NETWORK "RASCS_LogonNetwork" "Logging on to the network"
    /// Multilink: one link has come up.
    22 SUB_ENTRY_CONNECTED "RASCS_SubEntryConnected" "One more link is up"
    /// Multilink: one link has gone down.
    23 SUB_ENTRY_DISCONNECTED "RASCS_SubEntryDisconnected" "One link has gone down"
    /// Settings are being applied.
    24 APPLY_SETTINGS "RASCS_ApplySettings" "Applying the settings"
    /// Paused: the bytes of the line go to a person.
    4096 INTERACTIVE "RASCS_Interactive" "The line is yours: talk to the other side, then go on"
    /// Paused: other credentials are wanted.
    4097 RETRY_AUTHENTICATION "RASCS_RetryAuthentication" "The server refused this user name and password: give others"
    /// Paused: a callback number is wanted.
    4098 CALLBACK_SET_BY_CALLER "RASCS_CallbackSetByCaller" "Give the number to be called back at, or none"
    /// Paused: a new password is wanted.
    4099 PASSWORD_EXPIRED "RASCS_PasswordExpired" "The password has expired: give a new one"
    /// Paused: an EAP method wants its own dialog.
    4100 INVOKE_EAP_UI "RASCS_InvokeEapUI" "The authentication method has a question of its own"
    /// Success.
    8192 CONNECTED "RASCS_Connected" "Connected"
    /// Disconnected, or failed.
    8193 DISCONNECTED "RASCS_Disconnected" "Disconnected"
}

impl ConnState {
    /// The name in ras.h, if the number has one.
    pub fn name(self) -> Option<&'static str> {
        self.row().map(|(name, _)| name)
    }

    /// Our sentence for a person, without a full stop.
    pub fn sentence(self) -> &'static str {
        self.row().map_or("A state this program does not know", |(_, sentence)| sentence)
    }

    /// Whether the dial waits for its client (RASCS_PAUSED). A terminal state is never paused.
    pub fn is_paused(self) -> bool {
        self.0 & PAUSED != 0 && !self.is_done()
    }

    /// Whether the notifications end here (RASCS_DONE).
    pub fn is_done(self) -> bool {
        self.0 & DONE != 0
    }
}

impl fmt::Display for ConnState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "RASCS_{}", self.0),
        }
    }
}

impl fmt::Debug for ConnState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {self}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_of_the_table_has_its_name() {
        let named: Vec<u32> = ConnState::ALL.iter().map(|s| s.0).collect();
        let documented: Vec<u32> = (0..=24).chain(4096..=4100).chain(8192..=8193).collect();
        assert_eq!(named, documented);
        assert_eq!(ConnState(13).name(), Some("RASCS_ReAuthenticate"));
        assert_eq!(ConnState(25).name(), None);
        assert_eq!(ConnState(25).to_string(), "RASCS_25");
    }

    #[test]
    fn classes_follow_the_bits() {
        for state in ConnState::ALL {
            assert_eq!(state.is_paused(), (4096..=4100).contains(&state.0), "{state}");
            assert_eq!(state.is_done(), state.0 >= 8192, "{state}");
        }
        assert!(!ConnState(0x3000).is_paused(), "the terminal bit wins");
    }
}
