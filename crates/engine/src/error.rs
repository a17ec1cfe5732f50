//! RAS error numbers, their names and our own sentences. The mapping from what went wrong inside to the number
//! a user sees stands here and nowhere else.

mod reason;
mod sentences;
mod table;

use std::fmt;

/// A RAS (600–870) or Win32 error number, as RasDial would give it. Unknown numbers are kept and shown.
///
/// Its constants are the names of raserror.h without `ERROR_`: [`RasError::AUTHENTICATION_FAILURE`] is 691.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RasError(pub u32);

impl RasError {
    /// The name in raserror.h or winerror.h, if the number has one.
    pub fn name(self) -> Option<&'static str> {
        self.row().map(|row| row.1)
    }

    /// What happened, in one sentence of ours.
    pub fn sentence(self) -> String {
        match (self.own(), self.row()) {
            (Some((_, sentence, _)), _) => (*sentence).to_owned(),
            (None, Some((_, _, meaning))) => format!("The connection failed: {meaning}."),
            (None, None) => format!("The connection failed with error {}.", self.0),
        }
    }

    /// What to try, in one sentence of ours.
    pub fn remedy(self) -> &'static str {
        self.own().map_or("Look at the packets of the call (-v) for the step at which it ended.", |row| row.2)
    }

    fn row(self) -> Option<&'static (u32, &'static str, &'static str)> {
        table::TABLE.binary_search_by_key(&self.0, |row| row.0).ok().and_then(|at| table::TABLE.get(at))
    }

    fn own(self) -> Option<&'static (u32, &'static str, &'static str)> {
        sentences::SENTENCES
            .binary_search_by_key(&self.0, |row| row.0)
            .ok()
            .and_then(|at| sentences::SENTENCES.get(at))
    }
}

impl fmt::Display for RasError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "{} {name}", self.0),
            None => write!(f, "{}", self.0),
        }
    }
}

impl fmt::Debug for RasError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RasError({self})")
    }
}

impl std::error::Error for RasError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_from_600_to_870_has_a_name() {
        for number in 600..=870 {
            assert!(RasError(number).name().is_some(), "{number}");
        }
        assert!(RasError(599).name().is_none() && RasError(871).name().is_none());
    }

    #[test]
    fn both_tables_are_in_order_so_that_the_search_finds_every_row() {
        assert!(table::TABLE.is_sorted_by(|a, b| a.0 < b.0));
        assert!(sentences::SENTENCES.is_sorted_by(|a, b| a.0 < b.0));
        for (number, name, _) in table::TABLE {
            assert_eq!(RasError(*number).name(), Some(*name));
        }
    }

    #[test]
    fn the_numbers_of_the_documents_have_their_constants() {
        assert_eq!(RasError::AUTHENTICATION_FAILURE.to_string(), "691 ERROR_AUTHENTICATION_FAILURE");
        assert_eq!(RasError::DIAL_ALREADY_IN_PROGRESS, RasError(756));
        assert_eq!(RasError::PENDING.to_string(), "600 PENDING");
        assert_eq!(RasError::INVALID_HANDLE, RasError(6));
        assert_eq!(RasError(12345).to_string(), "12345");
    }

    /// The class C (core) numbers of ras-errors.md.
    const CORE: &[u32] = &[
        600, 601, 602, 603, 606, 608, 609, 610, 615, 616, 617, 618, 619, 621, 622, 623, 624, 625, 627, 628,
        629, 630, 631, 632, 633, 635, 638, 645, 646, 647, 648, 649, 651, 652, 664, 665, 666, 668, 676, 677,
        678, 679, 680, 691, 692, 701, 703, 704, 705, 708, 709, 710, 711, 716, 717, 718, 720, 721, 722, 723,
        730, 731, 732, 733, 734, 735, 736, 737, 738, 741, 742, 749, 751, 752, 753, 756, 770, 771, 772, 773,
        774, 775, 776, 777, 778, 780, 797, 812, 816, 817, 828, 829, 830, 831, 832, 833, 834, 868,
    ];

    #[test]
    fn every_core_number_has_a_sentence_and_a_remedy_of_its_own() {
        for number in CORE {
            let (_, sentence, remedy) =
                RasError(*number).own().unwrap_or_else(|| panic!("{number} has none"));
            assert!(sentence.ends_with('.') && remedy.ends_with('.'), "{number}");
        }
    }

    /// Every number a dial can end with: what lines say, what a refusal says, and what [`RasError::from_down`] and the
    /// phases of a dial choose.
    const ENDS: &[u32] = &[
        602, 608, 615, 619, 628, 629, 630, 633, 638, 646, 647, 648, 649, 651, 668, 676, 677, 678, 679, 680,
        681, 691, 692, 703, 704, 705, 708, 709, 710, 718, 720, 721, 722, 732, 733, 734, 735, 736, 737, 738,
        742, 752, 778, 797, 812, 868,
    ];

    #[test]
    fn every_number_a_dial_can_end_with_has_a_sentence_and_a_remedy_of_its_own() {
        let mut sentences = std::collections::BTreeSet::new();
        for number in ENDS {
            let error = RasError(*number);
            let (_, sentence, remedy) = error.own().unwrap_or_else(|| panic!("{number} has none"));
            assert!(sentences.insert(*sentence), "{number} says what another number says");
            assert!(error.name().is_some() && sentence.len() > 10 && remedy.len() > 10, "{number}");
        }
    }
}
