//! The rules of notifiers, parts of `c/rules.c`; connected entries and pauses, parts of `c/pauses.c`.

use crate::scene::{How, Scene, own};

fn holds(rule: &str) {
    plays("rules.c", rule);
}

fn plays(source: &str, part: &str) {
    let scene = Scene::new();
    for how in How::checked() {
        let said = scene.says(&own(source), how, &[part], "", 0);
        assert!(said.is_empty() || said == "good\n", "{said}");
    }
}

#[test]
fn notifiers_come_in_order_one_at_a_time_on_one_thread() {
    holds("order");
}

#[test]
fn a_failure_is_told_last_and_stays_readable() {
    holds("failure");
}

#[test]
fn the_dial_waits_until_the_notifier_returns() {
    holds("waits");
}

#[test]
fn rasdial_inside_a_notifier_is_refused_and_the_rest_works() {
    holds("inside");
}

#[test]
fn rashangup_inside_a_notifier_acts_at_every_state() {
    holds("hang_up_inside");
}

#[test]
fn a_type_2_notifier_that_gave_0_is_not_called_again() {
    holds("silent");
}

#[test]
fn no_lock_is_held_while_a_notifier_runs() {
    holds("unlocked");
}

#[test]
fn each_connection_has_a_thread_of_its_own() {
    holds("meeting");
}

#[test]
fn rashangup_while_a_notifier_runs_is_the_last_it_hears() {
    holds("hang_up_outside");
}

#[test]
fn an_entry_can_be_dialled_again_at_once() {
    holds("again");
}

#[test]
fn a_connected_entry_is_joined_and_its_notifier_told_once() {
    plays("pauses.c", "joined");
}

#[test]
fn an_entry_that_is_being_dialled_is_756() {
    plays("pauses.c", "in_progress");
}

#[test]
fn a_synchronous_dial_returns_at_each_pause_and_goes_on() {
    plays("pauses.c", "pauses");
}

#[test]
fn with_pauses_off_a_pause_is_the_end() {
    plays("pauses.c", "no_pauses");
}

#[test]
fn a_dial_that_is_called_back_tells_each_step() {
    plays("pauses.c", "callback");
}

#[test]
fn a_pause_is_resumed_by_one_thread_only() {
    plays("pauses.c", "resumed_once");
}

#[test]
fn rashangup_ends_a_rasdial_that_waits_in_another_thread() {
    plays("pauses.c", "hang_up_waiting");
}
