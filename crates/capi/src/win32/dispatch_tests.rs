use std::sync::mpsc::channel;

use super::*;

fn waiting(object: &Object) -> usize {
    lock(&object.state).waiters.len()
}

/// Waits until as many threads wait.
fn until(object: &Object, waiters: usize) {
    while waiting(object) != waiters {
        std::thread::yield_now();
    }
}

#[test]
fn each_signal_of_an_event_that_resets_itself_releases_one() {
    let event = Arc::new(Object::new(true, false));
    let (sender, released) = channel();
    let threads: Vec<_> = (0..16)
        .map(|_| {
            let (event, sender) = (event.clone(), sender.clone());
            std::thread::spawn(move || {
                assert_eq!(wait(&[event], false, None), Some(0));
                sender.send(()).unwrap();
            })
        })
        .collect();
    until(&event, 16);
    // in a row: nobody has to run in between
    (0..15).for_each(|_| event.signal());
    assert_eq!(waiting(&event), 1);
    (0..15).for_each(|_| released.recv().unwrap());
    assert!(!event.is_signalled() && released.try_recv().is_err());
    event.signal();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert!(!event.is_signalled());
    event.signal();
    event.signal();
    assert_eq!(wait(std::slice::from_ref(&event), false, Some(Duration::ZERO)), Some(0));
    assert_eq!(wait(&[event], false, Some(Duration::ZERO)), None);
}

#[test]
fn a_signal_that_is_reset_at_once_releases_all_who_waited() {
    let event = Arc::new(Object::new(false, false));
    let threads: Vec<_> = (0..16)
        .map(|_| {
            let event = event.clone();
            std::thread::spawn(move || wait(&[event], false, None))
        })
        .collect();
    until(&event, 16);
    event.signal();
    event.reset();
    assert!(threads.into_iter().all(|thread| thread.join().unwrap() == Some(0)));
    assert_eq!(wait(&[event], false, Some(Duration::ZERO)), None);
}

#[test]
fn a_wait_for_all_takes_nothing_until_it_can_take_all() {
    let (one, two) = (Arc::new(Object::new(true, false)), Arc::new(Object::new(true, false)));
    let both = [one.clone(), two.clone()];
    let thread = std::thread::spawn(move || wait(&both, true, None));
    until(&two, 1);
    one.signal();
    assert!(one.is_signalled());
    // somebody else takes it meanwhile
    assert_eq!(wait(std::slice::from_ref(&one), false, None), Some(0));
    two.signal();
    assert!(two.is_signalled());
    one.signal();
    assert_eq!(thread.join().unwrap(), Some(0));
    assert!(!one.is_signalled() && !two.is_signalled() && waiting(&one) == 0 && waiting(&two) == 0);
}

#[test]
fn the_lowest_index_wins_and_keeps_the_others_signals() {
    let objects: Vec<_> = [false, true, true].map(|set| Arc::new(Object::new(true, set))).into();
    assert_eq!(wait(&objects, false, None), Some(1));
    assert!(objects[2].is_signalled() && !objects[1].is_signalled());
    assert_eq!(wait(&objects, false, Some(Duration::from_secs(1))), Some(2));
    assert_eq!(wait(&objects, false, Some(Duration::from_millis(1))), None);
    assert!(objects.iter().all(|object| waiting(object) == 0));
}

#[test]
fn no_signal_is_lost_between_the_end_of_the_time_and_the_signal() {
    let event = Arc::new(Object::new(true, false));
    let mut taken = 0;
    for _ in 0..2000 {
        let other = event.clone();
        let thread = std::thread::spawn(move || wait(&[other], false, Some(Duration::from_micros(30))));
        event.signal();
        let by_thread = thread.join().unwrap().is_some();
        let left = wait(std::slice::from_ref(&event), false, Some(Duration::ZERO)).is_some();
        assert!(by_thread != left);
        taken += usize::from(by_thread);
    }
    assert!(taken <= 2000);
}

#[test]
fn the_descriptor_says_what_the_event_says() {
    let event = Arc::new(Object::new(true, false));
    let descriptor = event.descriptor().unwrap();
    let readable = || {
        let mut poll = libc::pollfd { fd: descriptor, events: libc::POLLIN, revents: 0 };
        // SAFETY: one descriptor.
        unsafe { libc::poll(&raw mut poll, 1, 0) == 1 }
    };
    assert!(!readable());
    event.signal();
    event.signal();
    assert!(readable());
    assert_eq!(wait(std::slice::from_ref(&event), false, None), Some(0));
    assert!(!readable());
    event.signal();
    event.reset();
    assert!(!readable());
    assert_eq!(event.descriptor(), Ok(descriptor));
}
