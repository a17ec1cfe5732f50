//! How waits grow: everything that is slowed down is slowed down by this.

/// What the `count`th failure in a row costs: `first`, doubled for each one after it, never more than `most`.
pub(crate) fn doubling(count: u32, first: u64, most: u64) -> u64 {
    let factor = 1u64.checked_shl(count.saturating_sub(1)).unwrap_or(u64::MAX);
    first.saturating_mul(factor).clamp(first.min(most), most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_doubles_up_to_its_longest() {
        let steps = [0, 1, 2, 3, 4, 5, 6, 64, 65, u32::MAX].map(|count| doubling(count, 1, 15));
        assert_eq!(steps, [1, 1, 2, 4, 8, 15, 15, 15, 15, 15]);
        assert_eq!(doubling(7, 1, 60), 60);
        assert_eq!(doubling(3, 5, 60), 20);
    }
}
