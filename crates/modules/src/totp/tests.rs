use std::collections::{HashMap, HashSet};
use std::sync::Mutex;

use openras_engine::server::{DialogCommand, DialogOutput};
use tokio::time::Instant;

use super::*;
use crate::{CallInfo, start};

const NOW: u64 = 1_800_000_015;
const STEP: u64 = NOW / 30;
const INFO: &str = "192.0.2.7";

#[derive(Default)]
struct Book {
    last_step: Option<u64>,
    recovery: HashSet<Vec<u8>>,
    wrong: HashMap<(String, String), u32>,
    wait: Duration,
    limit: Option<u32>,
    broken: &'static str,
    looked_up: Vec<String>,
    recovery_looked_up: u32,
    claims: Vec<u64>,
}

/// One user, alice, with the published seed. Wrong tries are counted; the delay is what the test sets.
#[derive(Default)]
struct Store(Mutex<Book>);

impl Store {
    fn book<T>(&self, call: &str, work: impl FnOnce(&mut Book) -> T) -> Result<T, StoreError> {
        let mut book = self.0.lock().unwrap();
        if book.broken == call { Err(StoreError("disk full".into())) } else { Ok(work(&mut book)) }
    }

    fn set(&self, work: impl FnOnce(&mut Book)) {
        work(&mut self.0.lock().unwrap());
    }

    fn wrong(&self, user: &str) -> u32 {
        self.0.lock().unwrap().wrong.get(&(user.to_owned(), INFO.to_owned())).copied().unwrap_or(0)
    }
}

fn seed() -> Secret {
    Secret::new(b"12345678901234567890".as_slice())
}

impl CodeStore for Store {
    fn enrolment(&self, user: &str) -> Result<Option<Enrolment>, StoreError> {
        self.book("enrolment", |book| {
            book.looked_up.push(user.to_owned());
            user.eq_ignore_ascii_case("alice").then(|| Enrolment {
                user: "alice".into(),
                seed: seed(),
                hash: Hash::Sha1,
                digits: 6,
                period: 30,
                last_step: book.last_step,
            })
        })
    }

    fn book_try(&self, user: &str, source: &str, _now: u64) -> Result<Standing, StoreError> {
        self.book("book", |book| {
            if book.limit.is_some_and(|limit| book.wrong.values().sum::<u32>() >= limit) {
                return Standing::Locked(book.wait);
            }
            *book.wrong.entry((user.to_lowercase(), source.to_owned())).or_default() += 1;
            Standing::Wait(book.wait)
        })
    }

    fn settle_try(&self, user: &str, source: &str, result: TryResult) -> Result<(), StoreError> {
        self.book("settle", |book| {
            let tries = book.wrong.entry((user.to_lowercase(), source.to_owned())).or_default();
            match result {
                TryResult::Right => *tries = 0,
                TryResult::Wrong => (),
                TryResult::NotCounted => *tries = tries.saturating_sub(1),
            }
        })
    }

    fn claim_step(&self, user: &str, step: u64) -> Result<bool, StoreError> {
        assert_eq!(user, "alice");
        self.book("claim", |book| {
            book.claims.push(step);
            let newer = book.last_step.is_none_or(|last| step > last);
            book.last_step = book.last_step.max(Some(step));
            newer
        })
    }

    fn use_recovery_code(&self, user: &str, code: &Secret) -> Result<bool, StoreError> {
        self.book("recovery", |book| {
            book.recovery_looked_up += 1;
            user == "alice" && book.recovery.remove(code.expose())
        })
    }
}

struct Told {
    verdict: DialogVerdict,
    screen: String,
    took: u64,
}

/// One call; `typed` answers the prompts in turn, and then nobody answers any more.
async fn call(store: &Arc<Store>, time: Time, typed: &[&str]) -> Told {
    let totp = Totp::new("totp", TotpConfig::default(), store.clone(), Arc::new(move || time));
    let info = CallInfo { source: INFO.into(), ..CallInfo::default() };
    let mut ends = start(Arc::new(totp), info);
    let (mut screen, mut typed, begun) = (String::new(), typed.iter(), Instant::now());
    loop {
        match ends.commands.recv().await.expect("a verdict always comes") {
            DialogCommand::Send(bytes) => screen.push_str(&String::from_utf8(bytes).unwrap()),
            DialogCommand::Ask(ask) => {
                assert_eq!(ask.echo == Echo::No, ask.prompt == "Code: ", "a code is not shown");
                screen.push_str(&ask.prompt);
                let answer =
                    typed.next().map_or(DialogOutput::TimedOut, |line| DialogOutput::Line((*line).into()));
                ends.events.send(answer).await.unwrap();
            }
            DialogCommand::Complete(verdict) => {
                return Told { verdict, screen, took: begun.elapsed().as_secs() };
            }
            DialogCommand::Receive { .. } => panic!("totp asks for lines"),
            DialogCommand::Extend(_) | DialogCommand::Ppp(_) => panic!("totp is done in time"),
        }
    }
}

fn at(unix: u64) -> Time {
    Time { unix, set: true }
}

fn code_of(step: u64) -> String {
    String::from_utf8(code(&seed(), Hash::Sha1, 6, step).expose().to_vec()).unwrap()
}

fn success() -> DialogVerdict {
    DialogVerdict::Success { user: "alice".into(), domain: String::new() }
}

fn failure(user: &str) -> DialogVerdict {
    DialogVerdict::Failure { user: user.into(), domain: String::new() }
}

#[tokio::test(start_paused = true)]
async fn the_right_code_is_a_success_with_the_stores_spelling_of_the_name() {
    let store = Arc::new(Store::default());
    let told = call(&store, at(NOW), &["LAB\\ALICE", &code_of(STEP)]).await;
    assert_eq!(told.verdict, DialogVerdict::Success { user: "alice".into(), domain: "LAB".into() });
    assert_eq!(told.screen, "User: Code: ");
    assert_eq!(store.0.lock().unwrap().claims, [STEP]);
}

#[tokio::test(start_paused = true)]
async fn one_step_early_and_late_count_and_two_do_not() {
    for (offset, right) in [(-2, false), (-1, true), (0, true), (1, true), (2, false)] {
        let code = code_of(STEP.checked_add_signed(offset).unwrap());
        let told = call(&Arc::default(), at(NOW), &["alice", &code]).await;
        assert_eq!(told.verdict == success(), right, "{offset}");
    }
}

#[tokio::test(start_paused = true)]
async fn three_wrong_codes_end_the_dialog_and_each_counts() {
    let store = Arc::new(Store::default());
    let told = call(&store, at(NOW), &["alice", "000000", "alice", "", "alice", "nonsense"]).await;
    assert_eq!(told.verdict, failure("alice"));
    assert_eq!(told.screen.matches("Login incorrect.").count(), 3);
    assert_eq!(store.wrong("alice"), 3);
}

#[tokio::test(start_paused = true)]
async fn a_right_code_after_a_wrong_one_forgets_the_wrong_one() {
    let store = Arc::new(Store::default());
    let told = call(&store, at(NOW), &["alice", "000000", "alice", &code_of(STEP)]).await;
    assert_eq!(told.verdict, success());
    assert_eq!(store.wrong("alice"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_code_counts_once_and_so_does_every_older_one() {
    let store = Arc::new(Store::default());
    assert_eq!(call(&store, at(NOW), &["alice", &code_of(STEP)]).await.verdict, success());
    let again = call(&store, at(NOW), &["alice", &code_of(STEP), "alice", &code_of(STEP - 1)]).await;
    assert_ne!(again.verdict, success());
    assert_eq!(again.screen.matches("Login incorrect.").count(), 2);
    assert_eq!(call(&store, at(NOW + 30), &["alice", &code_of(STEP + 1)]).await.verdict, success());
}

#[tokio::test(start_paused = true)]
async fn two_calls_with_one_code_let_one_in() {
    let store = Arc::new(Store::default());
    let typed = ["alice".to_owned(), code_of(STEP)];
    let typed: Vec<&str> = typed.iter().map(String::as_str).collect();
    let (one, two) = tokio::join!(call(&store, at(NOW), &typed), call(&store, at(NOW), &typed));
    let let_in = [one.verdict, two.verdict].iter().filter(|verdict| **verdict == success()).count();
    assert_eq!(let_in, 1);
}

#[tokio::test(start_paused = true)]
async fn a_recovery_code_works_once_and_even_without_a_clock() {
    let store = Arc::new(Store::default());
    store.set(|book| book.recovery.extend([b"abcdefghjk".to_vec()]));
    let unset = Time { unix: 7, set: false };
    assert_eq!(call(&store, unset, &["alice", "ABCDE-FGHJK"]).await.verdict, success());
    assert_ne!(call(&store, at(NOW), &["alice", "abcde-fghjk"]).await.verdict, success());
}

#[tokio::test(start_paused = true)]
async fn an_unknown_name_sees_and_costs_the_same_as_a_wrong_code() {
    let store = Arc::new(Store::default());
    let known = call(&store, at(NOW), &["alice", "000000", "alice", "abcde-fghjk", "alice", "1"]).await;
    let unknown =
        call(&store, at(NOW), &["mallory", "000000", "mallory", "abcde-fghjk", "mallory", "1"]).await;
    assert_eq!(unknown.screen, known.screen);
    assert_eq!(unknown.verdict, failure("mallory"));
    assert_eq!((store.wrong("mallory"), store.wrong("alice")), (3, 3));
}

#[tokio::test(start_paused = true)]
async fn the_seed_that_stands_in_for_unknown_names_opens_nothing() {
    let store = Arc::new(Store::default());
    let stand_in = code(&nobody().seed, Hash::Sha1, 6, STEP);
    let typed = std::str::from_utf8(stand_in.expose()).unwrap();
    let told = call(&store, at(NOW), &["mallory", typed, "mallory", typed, "mallory", typed]).await;
    assert_eq!(told.verdict, failure("mallory"));
    store.set(|book| book.recovery.extend([b"abcdefghjk".to_vec()]));
    let told = call(&store, at(NOW), &["mallory", "abcde-fghjk"]).await;
    assert!(!matches!(told.verdict, DialogVerdict::Success { .. }));
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_anywhere_refuses() {
    for broken in ["enrolment", "book", "settle", "claim"] {
        let store = Arc::new(Store::default());
        store.set(|book| book.broken = broken);
        let told = call(&store, at(NOW), &["alice", &code_of(STEP)]).await;
        assert!(
            matches!(told.verdict, DialogVerdict::Error { code: 31, .. }),
            "{broken}: {:?}",
            told.verdict
        );
        assert!(!told.screen.contains("disk"), "the reason goes to the log only");
    }
    let store = Arc::new(Store::default());
    store.set(|book| book.broken = "recovery");
    let told = call(&store, at(NOW), &["alice", "abcde-fghjk"]).await;
    assert!(matches!(told.verdict, DialogVerdict::Error { code: 31, .. }));
}

#[tokio::test(start_paused = true)]
async fn the_delay_is_waited_for_before_the_code_is_looked_at() {
    let store = Arc::new(Store::default());
    store.set(|book| book.wait = Duration::from_secs(8));
    let told = call(&store, at(NOW), &["alice", &code_of(STEP)]).await;
    assert_eq!((told.verdict, told.took), (success(), 8));
}

#[tokio::test(start_paused = true)]
async fn a_delay_longer_than_a_dialog_sends_the_caller_away_uncounted() {
    let store = Arc::new(Store::default());
    store.set(|book| book.wait = Duration::from_secs(31));
    let told = call(&store, at(NOW), &["alice", &code_of(STEP)]).await;
    assert_eq!((told.verdict, told.took), (failure("alice"), 0));
    assert!(told.screen.contains("Call again later."));
    assert_eq!(store.wrong("alice"), 0);
    assert!(store.0.lock().unwrap().claims.is_empty());
}

#[tokio::test(start_paused = true)]
async fn past_the_hard_limit_even_the_right_code_is_refused_with_the_usual_text() {
    let store = Arc::new(Store::default());
    store.set(|book| book.limit = Some(0));
    let told =
        call(&store, at(NOW), &["alice", &code_of(STEP), "alice", "000000", "mallory", "000000"]).await;
    assert_eq!(told.verdict, failure("mallory"));
    assert_eq!(told.screen, "User: Code: \r\nLogin incorrect.\r\n".repeat(3));
    assert!(store.0.lock().unwrap().claims.is_empty());
}

/// Whoever reaches the limit of a name that exists must not learn that it does: a locked user waits and works like
/// an unknown name, and neither the step nor the recovery code is used up.
#[tokio::test(start_paused = true)]
async fn a_locked_user_waits_and_works_like_an_unknown_name() {
    let mut seen = Vec::new();
    for (user, limit) in [("alice", Some(0)), ("mallory", None)] {
        let store = Arc::new(Store::default());
        store.set(|book| {
            book.recovery.extend([b"abcdefghjk".to_vec()]);
            (book.wait, book.limit) = (Duration::from_secs(7), limit);
        });
        let told = call(&store, at(NOW), &[user, &code_of(STEP), user, "abcde-fghjk", user, "1"]).await;
        let book = store.0.lock().unwrap();
        assert!(book.claims.is_empty() && book.recovery.len() == 1, "{user}: nothing is used up");
        assert_eq!(told.verdict, failure(user));
        seen.push((told.screen, told.took, book.looked_up.len(), book.recovery_looked_up));
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[0].1, 21, "each try waits");
    let store = Arc::new(Store::default());
    store.set(|book| (book.wait, book.limit) = (Duration::from_secs(31), Some(0)));
    let told = call(&store, at(NOW), &["alice", &code_of(STEP)]).await;
    assert!(told.screen.contains("Call again later."), "a long wait is said to both");
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_was_never_set_is_said_and_costs_no_try() {
    let store = Arc::new(Store::default());
    let told =
        call(&store, Time { unix: NOW, set: false }, &["a", &code_of(STEP), "alice", "1", "b", "2"]).await;
    assert!(matches!(told.verdict, DialogVerdict::Error { code: CLOCK, .. }));
    assert!(told.screen.contains("Use a recovery code."));
    assert_eq!(store.wrong("alice") + store.wrong("a") + store.wrong("b"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_clock_behind_the_last_step_costs_no_try_and_looks_like_a_wrong_code() {
    let store = Arc::new(Store::default());
    store.set(|book| book.last_step = Some(STEP + 2));
    let typed = ["alice", &code_of(STEP + 1), "alice", &code_of(STEP), "alice", "000000"];
    let told = call(&store, at(NOW), &typed).await;
    assert!(matches!(told.verdict, DialogVerdict::Error { code: CLOCK, .. }));
    assert_eq!(told.screen, "User: Code: \r\nLogin incorrect.\r\n".repeat(3));
    assert_eq!(store.wrong("alice"), 0);
    // a device one step ahead was used: that is not a clock behind
    store.set(|book| book.last_step = Some(STEP + 1));
    assert_eq!(call(&store, at(NOW), &typed).await.verdict, failure("alice"));
    assert_eq!(store.wrong("alice"), 3);
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_goes_silent_ends_with_an_error() {
    let told = call(&Arc::default(), at(NOW), &["alice"]).await;
    assert!(matches!(told.verdict, DialogVerdict::Error { code: 638, .. }));
}

#[test]
fn the_system_clock_of_a_running_host_is_set() {
    let time = system_clock()();
    assert_eq!(time.set, time.unix >= SET_AFTER);
}
