//! Exit codes: stable small numbers for scripts, one per kind of failure.

use openras_engine::RasError;

/// Connected and ended well.
pub(crate) const OK: u8 = 0;
/// `demo`: a row did not go as it must; `status --check`, `audit --verify`: something is wrong; the service refused.
pub(crate) const FAILED: u8 = 1;
/// The command line: also one that leaves open what nobody is there to be asked.
pub(crate) const USAGE: u8 = 2;
/// A file or the configuration.
pub(crate) const CONFIGURATION: u8 = 3;
/// The line or the number.
pub(crate) const LINE: u8 = 4;
/// Name or password.
pub(crate) const AUTHENTICATION: u8 = 5;
/// PPP could not agree.
pub(crate) const PPP: u8 = 6;
/// Callback.
pub(crate) const CALLBACK: u8 = 7;
/// A pause was needed and pauses are off.
pub(crate) const PAUSE: u8 = 8;
/// Lost after Connected.
pub(crate) const LOST: u8 = 9;
/// `--ping` or `--fetch`.
pub(crate) const TRAFFIC: u8 = 10;
/// No service can be reached, or none could be started.
pub(crate) const SERVICE: u8 = 11;
/// Hung up before Connected.
pub(crate) const HUNG_UP: u8 = 130;

/// The code for a RAS number a dial ended with.
pub(crate) fn of(error: RasError, was_connected: bool) -> u8 {
    if was_connected {
        return LOST;
    }
    match error.0 {
        645..=649 | 691 | 708 | 709 | 778 => AUTHENTICATION,
        // 638: the pause came and nobody answered it
        638 | 703 => PAUSE,
        704 | 751 => CALLBACK,
        705 | 718..=738 | 812 => PPP,
        711 => SERVICE,
        110 => CONFIGURATION,
        631 => HUNG_UP,
        _ => LINE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_failure_has_its_number() {
        let table = [
            (676, LINE),
            (691, AUTHENTICATION),
            (645, AUTHENTICATION),
            (648, AUTHENTICATION),
            (703, PAUSE),
            (704, CALLBACK),
            (721, PPP),
            (812, PPP),
            (778, AUTHENTICATION),
            (638, PAUSE),
            (631, HUNG_UP),
            (711, SERVICE),
        ];
        for (number, code) in table {
            assert_eq!(of(RasError(number), false), code, "{number}");
            assert_eq!(of(RasError(number), true), LOST, "{number} after Connected");
        }
    }
}
