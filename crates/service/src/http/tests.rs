//! Every route is routed, and every role gets what its right is: the router by itself, with clients made up.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use axum::body::Body;
use http_body_util::BodyExt;
use hyper::service::Service as _;
use hyper::{Request, Response};
use hyper_util::service::TowerToHyperService;
use openras_api::routes::{ROUTES, Right};
use openras_engine::RasError;
use serde_json::Value;
use tokio::sync::watch;

use super::accept::Session;
use super::{Api, accept, descriptors, router};
use crate::config::{Grant, GrantTo, LinePattern, PortConfig, PortLine};
use crate::connections::held::Table;
use crate::rights::{Peer, Rights, Role};
use crate::{Config, Service};

struct Lab {
    api: Arc<Api>,
    _folder: tempfile::TempDir,
}

impl Lab {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let grant = |to, line| Grant { to, lines: vec![LinePattern::new(line).unwrap()] };
        let grants = vec![
            grant(GrantTo::Uid(1000), "exchange:100"),
            grant(GrantTo::Group("no-such-group".into()), "exchange:102"),
        ];
        let config = Config {
            state: folder.path().join("state"),
            ports: vec![PortConfig::new("line", PortLine::Exchange("100".into()))],
            grants,
            ..Config::default()
        };
        let api = Arc::new(Api {
            service: Arc::new(Service::start(config).await.unwrap()),
            rights: Rights::System { service: 0, dial: None, admin: None },
            held: Table::default(),
            descriptors: descriptors::Waiting::default(),
            tasks: tokio_util::task::TaskTracker::new(),
            cancel: tokio_util::sync::CancellationToken::new(),
        });
        Self { api, _folder: folder }
    }

    async fn raw(&self, uid: u32, role: Role, method: &str, path: &str, body: &str) -> Response<Body> {
        let seats = accept::Seats::new(watch::channel(0).0);
        let session = Session {
            peer: Arc::new(Peer { uid, gids: vec![], role }),
            pulse: Arc::default(),
            _seat: Arc::new(seats.take(uid, role == Role::Admin).unwrap()),
        };
        let mut request =
            Request::builder().method(method).uri(path).body(Body::from(body.to_owned())).unwrap();
        request.extensions_mut().insert(session);
        TowerToHyperService::new(router::router(&self.api)).call(request).await.unwrap()
    }

    /// The status and number of the answer; 0 where it is no problem.
    async fn ask(&self, uid: u32, role: Role, method: &str, path: &str, body: &str) -> (u16, u64) {
        let response = self.raw(uid, role, method, path, body).await;
        let status = response.status().as_u16();
        if status < 300 {
            return (status, 0);
        }
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        let problem: Value = serde_json::from_slice(&bytes).unwrap();
        assert!(!problem["message"].as_str().unwrap().is_empty(), "{problem}");
        (status, problem["error"].as_u64().unwrap())
    }
}

fn path(route: &str) -> String {
    route.replace("{id}", "77").replace("{name}", "nobody%2F1")
}

#[tokio::test(start_paused = true)]
async fn every_route_is_routed_and_its_right_enforced_for_every_role() {
    let lab = Lab::start().await;
    for route in ROUTES {
        let path = path(route.path);
        let ask = async |role| lab.ask(1000, role, route.method, &path, "").await;
        assert_eq!(ask(Role::Nobody).await, (403, 5), "{}", route.id);
        let (status, number) = ask(Role::Dialer).await;
        match route.right {
            Right::Admin => assert_eq!((status, number), (403, 5), "{}", route.id),
            Right::Own => assert_eq!((status, number), (404, 6), "{}", route.id),
            // no call has failed yet
            Right::Dial if route.id == "why" => assert_eq!((status, number), (404, 6)),
            Right::Dial => assert!(number == 0 || number == 13 || number == 87, "{} {number}", route.id),
        }
        if matches!(route.id, "reload") {
            continue;
        }
        let (status, number) = ask(Role::Admin).await;
        // 50: no such path or method; 120: no handler; 500: a panic
        assert!(![405, 403, 500].contains(&status) && ![50, 120].contains(&number), "{} {status}", route.id);
    }
    // whoever has no right is not told either what is wrong with a path
    assert_eq!(lab.ask(1000, Role::Nobody, "GET", "/v1/users/%ff", "").await, (403, 5));
    assert_eq!(lab.ask(1000, Role::Admin, "GET", "/v1/users/%ff", "").await, (400, 87));
    for (method, path, status) in [("GET", "/v1/nothing", 404), ("PUT", "/v1/calls", 405)] {
        assert_eq!(lab.ask(1000, Role::Dialer, method, path, "").await, (status, 50));
        assert_eq!(lab.ask(1000, Role::Nobody, method, path, "").await, (403, 5));
    }
}

#[tokio::test(start_paused = true)]
async fn a_dialer_gets_granted_lines_only_and_never_another_users_call() {
    let lab = Lab::start().await;
    let dial = async |uid, line: &str| {
        let body = serde_json::json!({ "line": line, "terminal": "before_dial", "pauses": true }).to_string();
        lab.ask(uid, Role::Dialer, "POST", "/v1/connections", &body).await
    };
    for (uid, line) in [
        (1000, "exchange:101"),
        (1000, "exchange:102"),
        (1000, "tcp:127.0.0.1:22"),
        (1000, "unix:/run/x"),
        (1001, "exchange:100"),
    ] {
        assert_eq!(dial(uid, line).await, (403, 5), "{uid} {line}");
    }
    assert_eq!(dial(1000, "exchange:100").await, (201, 0));
    let id = lab.api.held.list().first().unwrap().id();
    let routes = ROUTES
        .iter()
        .filter(|route| route.right == Right::Own && !matches!(route.id, "hangup" | "release" | "end_call"));
    for route in routes {
        let path = route.path.replace("{id}", &id.to_string());
        assert_eq!(lab.ask(1001, Role::Dialer, route.method, &path, "").await, (404, 6), "{}", route.id);
        let (_, number) = lab.ask(1000, Role::Dialer, route.method, &path, "").await;
        assert_ne!(number, 6, "{}", route.id);
    }
    for list in ["/v1/connections", "/v1/calls"] {
        for (uid, role, seen) in
            [(1000, Role::Dialer, true), (1001, Role::Dialer, false), (0, Role::Admin, true)]
        {
            let body = lab.raw(uid, role, "GET", list, "").await.into_body();
            let list: Value = serde_json::from_slice(&body.collect().await.unwrap().to_bytes()).unwrap();
            let has = list.as_array().unwrap().iter().any(|call| call["id"] == id);
            assert_eq!(has, seen, "{uid} {list}");
        }
    }
    for (uid, role, known) in [(1000, Role::Dialer, 1), (1001, Role::Dialer, 0), (0, Role::Admin, 1)] {
        let body = lab.raw(uid, role, "GET", "/v1/server", "").await.into_body();
        let server: Value = serde_json::from_slice(&body.collect().await.unwrap().to_bytes()).unwrap();
        assert_eq!(server["connections"], known, "{uid} {server}");
        assert!(role == Role::Admin || server["ports_in_use"] == 0, "{server}");
    }
    let hang_up = format!("/v1/calls/{id}/hangup");
    assert_eq!(lab.ask(1001, Role::Dialer, "POST", &hang_up, "").await, (404, 6));
    assert_eq!(lab.ask(1000, Role::Dialer, "POST", &hang_up, "").await, (204, 0));
}

#[tokio::test(start_paused = true)]
async fn a_dialer_cannot_take_a_number_on_the_exchange() {
    let lab = Lab::start().await;
    let body = serde_json::json!({ "line": "exchange:100", "own_number": "100" }).to_string();
    assert_eq!(lab.ask(1000, Role::Dialer, "POST", "/v1/connections", &body).await, (403, 5));
    assert!(lab.api.held.list().is_empty());
    assert_eq!(lab.ask(0, Role::Admin, "POST", "/v1/connections", &body).await, (201, 0));
}

#[tokio::test(start_paused = true)]
async fn orders_of_clients_that_have_gone_do_not_heap_up() {
    let lab = Lab::start().await;
    let body = r#"{"line":"exchange:100","terminal":"before_dial","pauses":true}"#;
    assert_eq!(lab.ask(1000, Role::Dialer, "POST", "/v1/connections", body).await, (201, 0));
    let held = lab.api.held.list().remove(0);
    let notifier = held.notifier().to_owned();
    // the dial has no turn meanwhile
    let given = (0..100).map(|_| {
        let mut order = Box::pin(held.seen(&notifier, 1));
        order.as_mut().poll(&mut Context::from_waker(Waker::noop()))
    });
    let refused = given.filter(|said| matches!(said, Poll::Ready(Err(RasError(1816))))).count();
    assert_eq!(refused, 36);
}

#[tokio::test(start_paused = true)]
async fn users_cannot_take_the_places_of_administrators() {
    let seats = accept::Seats::new(watch::channel(0).0);
    let taken: Vec<_> = (1000..1010).flat_map(|uid| (0..100).map(move |_| uid)).collect();
    let taken: Vec<_> = taken.into_iter().filter_map(|uid| seats.take(uid, false)).collect();
    assert_eq!(taken.len(), 240);
    let first: Vec<_> = (0..100).filter_map(|_| seats.take(0, true)).collect();
    assert_eq!(first.len(), 16);
}

#[tokio::test(start_paused = true)]
async fn a_change_is_in_the_record_though_its_client_went_away() {
    let lab = Lab::start().await;
    {
        let body = r#"{"name":"eva","password":"hunter2"}"#;
        let mut change = Box::pin(lab.raw(7, Role::Admin, "POST", "/v1/users", body));
        // until its body is read and the work has begun
        for _ in 0..10 {
            assert!(change.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            tokio::task::yield_now().await;
        }
    }
    while lab.api.service.users().unwrap().get("eva").unwrap().is_none() {
        tokio::task::yield_now().await;
    }
    lab.api.tasks.close();
    lab.api.tasks.wait().await;
    let body = lab.raw(7, Role::Admin, "GET", "/v1/audit", "").await.into_body();
    let record = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
    assert!(record.contains("user add"), "{record}");
}

#[tokio::test(start_paused = true)]
async fn changes_by_administrators_are_in_the_record_without_secrets() {
    let lab = Lab::start().await;
    let ask = async |method: &str, path: &str, body: &str| lab.ask(7, Role::Admin, method, path, body).await;
    for (method, path, body, answer) in [
        ("POST", "/v1/users", r#"{"name":"eva","password":"hunter2"}"#, (201, 0)),
        ("POST", "/v1/users", r#"{"name":"EVA","password":"hunter2"}"#, (409, 183)),
        ("PATCH", "/v1/users/eva", r#"{"callback":"caller","callback_allow":["+49"]}"#, (200, 0)),
        ("PATCH", "/v1/users/eva", r#"{"callback":"none","callback_allow":["+49"]}"#, (400, 87)),
        ("PATCH", "/v1/users/eva", r#"{"callback":"ATDT1"}"#, (400, 87)),
        ("PUT", "/v1/users/eva/password", r#"{"password":"hunter3"}"#, (204, 0)),
        ("POST", "/v1/users/eva/unlock", "", (204, 0)),
        ("GET", "/v1/users/eva", "", (200, 0)),
        ("DELETE", "/v1/users/eva", "", (204, 0)),
        ("DELETE", "/v1/users/eva", "", (404, 2)),
        ("GET", "/v1/users/eva", "", (404, 2)),
    ] {
        assert_eq!(ask(method, path, body).await, answer, "{method} {path} {body}");
    }
    let body = lab.raw(7, Role::Admin, "GET", "/v1/audit", "").await.into_body();
    let record = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
    for word in ["user add", "user set", "user passwd", "user unlock", "user remove", "+49"] {
        assert!(record.contains(word), "{word} is missing in {record}");
    }
    assert!(!record.contains("hunter"), "{record}");
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_a_handler_is_one_answer() {
    let panicked = async {
        tokio::task::yield_now().await;
        panic!("on purpose")
    };
    assert!(router::unpanicked(panicked).await.is_none());
}

/// What was asked of the system is no longer the client's to take back, and must not be asked without end.
#[test]
fn a_client_that_goes_away_keeps_its_seat_until_its_questions_are_answered() {
    const THREADS: usize = 4;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(THREADS)
        .build()
        .unwrap();
    runtime.block_on(async {
        let lab = Lab::start().await;
        let busy: Vec<_> = (0..THREADS)
            .map(|_| {
                let (go, wait) = std::sync::mpsc::channel::<()>();
                tokio::task::spawn_blocking(move || wait.recv());
                go
            })
            .collect();
        let (count, mut seats_taken) = watch::channel(0);
        let seats = accept::Seats::new(count);
        for (method, path, body) in
            [("GET", "/v1/server", ""), ("POST", "/v1/connections", r#"{"line":"exchange:102"}"#)]
        {
            let session = Session {
                peer: Arc::new(Peer { uid: 1000, gids: vec![], role: Role::Dialer }),
                pulse: Arc::default(),
                _seat: Arc::new(seats.take(1000, false).unwrap()),
            };
            let mut request = Request::builder().method(method).uri(path).body(Body::from(body)).unwrap();
            request.extensions_mut().insert(session);
            let mut asked = Box::pin(TowerToHyperService::new(router::router(&lab.api)).call(request));
            // until its body is read and the question asked
            for _ in 0..10 {
                assert!(asked.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
                tokio::task::yield_now().await;
            }
        }
        assert_eq!(*seats_taken.borrow(), 2);
        drop(busy);
        seats_taken.wait_for(|taken| *taken == 0).await.unwrap();
    });
}
