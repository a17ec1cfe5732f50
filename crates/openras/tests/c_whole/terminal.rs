//! The terminal of a pause as a descriptor: `c/terminal.c`.

use crate::own;
use crate::scene::{How, Scene};

fn works(how: How, story: &str) {
    let scene = Scene::asking();
    scene.says(&own("terminal.c"), how, &[story], "", 0);
}

#[test]
fn it_carries_both_ways_and_ends_with_the_pause() {
    How::checked().into_iter().for_each(|how| works(how, "talk"));
}

#[test]
fn what_was_written_before_rasdial_is_sent_before_the_dial_goes_on() {
    How::checked().into_iter().for_each(|how| works(how, "at_once"));
}

#[test]
fn a_synchronous_dial_asks_by_returning() {
    How::checked().into_iter().for_each(|how| works(how, "synchronous"));
}

#[test]
fn a_new_one_ends_the_one_before_and_a_closed_one_leaves_the_pause() {
    How::checked().into_iter().for_each(|how| works(how, "again"));
}

#[test]
fn a_dial_that_fails_in_it_is_not_paused_and_says_why() {
    How::checked().into_iter().for_each(|how| works(how, "refused"));
}

#[test]
fn rashangup_ends_it_and_nobody_hangs() {
    How::checked().into_iter().for_each(|how| works(how, "hang_up"));
}
