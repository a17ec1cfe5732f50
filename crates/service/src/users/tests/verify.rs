use super::wire::{change_v1, change_v2, hex, md5, v1, v2};
use super::*;

/// MD5(01, "secret", 00112233…ff)
const MD5: [u8; 16] =
    [0x20, 0x4b, 0xb0, 0x03, 0x33, 0x2f, 0x69, 0x32, 0xb6, 0x3b, 0x47, 0xc2, 0xc4, 0xe1, 0xa5, 0x47];

/// Processor time of this thread so far: a host that is busy with something else changes nothing of it.
fn worked() -> std::time::Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    now.try_into().unwrap()
}

fn proof(checked: &Checked) -> String {
    match &checked.verdict {
        Verdict::Accept { authenticator_response: Some(proof), .. } => hex(proof),
        _ => String::new(),
    }
}

#[test]
fn every_method_accepts_its_published_vector_and_nothing_beside_it() {
    let (_folder, users) = store();
    for (name, password) in [("user", "secret"), ("my", "MyPw"), ("User2", "x")] {
        users.add(name, &user(password)).unwrap();
    }
    users.remove("user2").unwrap();
    users.add("rfc", &user("clientPass")).unwrap();

    assert_eq!(number(&check(&users, &pap("user", "secret"))), 0);
    assert_eq!(number(&check(&users, &pap("user", "Secret"))), 691);
    assert_eq!(number(&check(&users, &md5("user", MD5))), 0);
    let mut wrong = md5("user", MD5);
    wrong.identifier = 2;
    assert_eq!(number(&check(&users, &wrong)), 691);
    assert_eq!(number(&check(&users, &v1("my", "MyPw"))), 0);
    assert_eq!(number(&check(&users, &v1("my", "mypw"))), 691);
    let mut lan_manager_only = v1("my", "MyPw");
    if let Proof::MsChapV1 { flags, .. } = &mut lan_manager_only.proof {
        *flags = 0;
    }
    assert_eq!(number(&check(&users, &lan_manager_only)), 691);
    assert_eq!(number(&check(&users, &v2("rfc", "clientPass"))), 0);
    assert_eq!(number(&check(&users, &v2("rfc", "clientpass"))), 691);
}

#[test]
fn mschapv2_gives_the_published_proof_of_the_server_with_and_without_domain() {
    let (_folder, users) = store();
    users.add("user", &user("clientPass")).unwrap();
    let published = "407a5589115fd0d6209f510fe9c04566932cda56";
    let plain = check(&users, &v2("User", "clientPass"));
    assert_eq!((number(&plain), proof(&plain).as_str(), plain.reason), (0, published, Reason::Accepted));
    let mut with_domain = v2("User", "clientPass");
    (with_domain.name, with_domain.raw_name) = ("CORP\\User".into(), b"CORP\\User".to_vec());
    assert_eq!(proof(&check(&users, &with_domain)), published);
}

#[test]
fn a_method_the_user_has_no_secret_for_is_691_and_only_the_log_knows_why() {
    let (_folder, users) = store();
    users.add("some", &NewUser { keep: Keep::default(), ..user("secret") }).unwrap();
    users.add("none", &NewUser::default()).unwrap();
    let refused = check(&users, &md5("some", MD5));
    assert_eq!(refused.reason, Reason::NoSecret(AuthMethod::ChapMd5));
    assert!(refused.reason.to_string().contains("--reversible"));
    assert_eq!(refused.verdict, check(&users, &md5("ghost", MD5)).verdict);
    for claim in [pap("none", ""), v1("none", ""), v2("none", "x"), md5("none", MD5)] {
        let method = claim.proof.method();
        assert_eq!(check(&users, &claim).reason, Reason::NoSecret(method));
    }
}

#[test]
fn an_unknown_user_gets_the_text_the_delay_and_the_work_of_a_wrong_password() {
    let (_folder, users) = store();
    users.add("alice", &user("right")).unwrap();
    let mut cost = [std::time::Duration::MAX; 2];
    for step in 0..4 {
        let mut said = Vec::new();
        for (cost, name) in cost.iter_mut().zip(["alice", "ghost"]) {
            let begin = worked();
            let checked = users.verify(&pap(name, "wrong"), SOURCE, NOW + step);
            *cost = (worked() - begin).min(*cost);
            said.push((checked.verdict, checked.delay));
        }
        assert_eq!(said[0], said[1], "try {step}");
    }
    assert!(cost[1] > cost[0] / 3, "known {:?}, unknown {:?}", cost[0], cost[1]);
    for (alice, ghost) in [(v1("alice", "w"), v1("ghost", "w")), (v2("alice", "w"), v2("ghost", "w"))] {
        assert_eq!(check(&users, &alice).verdict, check(&users, &ghost).verdict);
    }
}

#[test]
fn what_is_wrong_with_an_account_is_told_only_to_who_knows_the_password() {
    let (_folder, users) = store();
    users.add("off", &NewUser { disabled: true, ..user("right") }).unwrap();
    users.add("in", &NewUser { no_dial_in: true, ..user("right") }).unwrap();
    users.add("old", &NewUser { must_change: true, ..user("right") }).unwrap();
    for (name, error) in [("off", 647), ("in", 649), ("old", 648)] {
        for (right, wrong) in [
            (pap(name, "right"), pap(name, "wrong")),
            (v1(name, "right"), v1(name, "wrong")),
            (v2(name, "right"), v2(name, "wrong")),
        ] {
            assert_eq!(number(&check(&users, &right)), error, "{right:?}");
            assert_eq!(number(&check(&users, &wrong)), 691, "{wrong:?}");
        }
    }
}

#[test]
fn an_expired_password_is_changed_by_either_packet_and_only_the_new_one_works_after() {
    for change in [change_v1, change_v2] {
        let (_folder, users) = store();
        users.add("User", &NewUser { must_change: true, ..user("clientPass") }).unwrap();
        assert_eq!(number(&check(&users, &v2("User", "clientPass"))), 648);
        let changed = check(&users, &change("User", "clientPass", "NewPass1"));
        assert_eq!((number(&changed), &changed.reason), (0, &Reason::PasswordChanged));
        if !proof(&changed).is_empty() {
            assert_eq!(proof(&changed), "39f8456585e0c141e9522b4f5b38994ea6a69211");
        }
        assert!(!users.get("user").unwrap().unwrap().must_change);
        let right = super::wire::md5("User", md5_of("NewPass1"));
        for claim in [v1("User", "NewPass1"), v2("User", "NewPass1"), pap("User", "NewPass1"), right] {
            assert_eq!(number(&check(&users, &claim)), 0, "{claim:?}");
        }
        for claim in [v1("User", "clientPass"), v2("User", "clientPass"), pap("User", "clientPass")] {
            assert_eq!(number(&check(&users, &claim)), 691, "{claim:?}");
        }
        // the same packet again proves an old password that is no longer the old one
        assert_eq!(number(&check(&users, &change("User", "clientPass", "NewPass1"))), 709);
    }
}

/// MD5(01, password, 00112233…ff).
fn md5_of(password: &str) -> [u8; 16] {
    use md5::{Digest, Md5};
    let challenge: Vec<u8> = (0..16).map(|n| n * 0x11).collect();
    Md5::digest([&[1], password.as_bytes(), &challenge].concat()).into()
}

#[test]
fn a_refused_change_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let users = Users::open(folder.path(), None, Policy { password_min: 8 }).unwrap();
    let expired = NewUser { must_change: true, ..user("clientPass") };
    users.add("User", &expired).unwrap();
    users.add("off", &NewUser { disabled: true, ..expired }).unwrap();
    users.add("fine", &user("clientPass")).unwrap();
    for (claim, error) in [
        (change_v2("User", "clientPass", "short"), 709),
        (change_v2("User", "clientPass", "clientPass"), 709),
        (change_v1("User", "clientPass", "clientPass"), 709),
        (change_v2("User", "otherPass", "NewPass1"), 709),
        (change_v2("fine", "clientPass", "NewPass1"), 709),
        (change_v2("ghost", "clientPass", "NewPass1"), 709),
        (change_v2("off", "clientPass", "NewPass1"), 647),
    ] {
        assert_eq!(number(&check(&users, &claim)), error, "{}", claim.name);
    }
    assert_eq!(number(&check(&users, &v2("User", "clientPass"))), 648);
    assert_eq!(number(&check(&users, &v2("fine", "clientPass"))), 0);
}

#[test]
fn a_change_does_not_overwrite_what_an_administrator_set_meanwhile() {
    let (_folder, users) = store();
    users.add("User", &NewUser { must_change: true, ..user("clientPass") }).unwrap();
    let before = account::Account::find(&users.db(), "User").unwrap().unwrap();
    users.passwd("User", &"FromAdmin".into(), None).unwrap();
    let new = openras_ppp::auth::verify::NewPassword { clear: "NewPass1".into(), nt_hash: [7; 16] };
    assert!(matches!(users.change_now(&before, &new), Ok(Reason::ChangeRefused(_))));
    assert_eq!(number(&check(&users, &v2("User", "FromAdmin"))), 0);
}

#[test]
fn a_store_that_fails_refuses() {
    let (_folder, users) = store();
    users.add("alice", &user("right")).unwrap();
    users.db().execute_batch("UPDATE users SET nt = x'00'").unwrap();
    let checked = check(&users, &v2("alice", "right"));
    assert!(matches!(checked.reason, Reason::Damaged(_)));
    assert_eq!(checked.verdict, check(&users, &v2("ghost", "right")).verdict, "it tells nobody who exists");
    users.db().execute_batch("ALTER TABLE users RENAME TO lost").unwrap();
    for name in ["alice", "ghost"] {
        let checked = check(&users, &v2(name, "right"));
        assert!(matches!(checked.reason, Reason::StoreFailed(_)));
        assert_eq!(number(&checked), 645);
    }
}
