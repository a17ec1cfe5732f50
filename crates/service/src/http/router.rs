//! Every route of `openras_api::routes` with its right and its handler; a route without a handler does not compile
//! into a router that passes the tests.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex};
use std::task::Poll;

use axum::Router;
use axum::body::Body;
use axum::extract::RawPathParams;
use axum::extract::rejection::RawPathParamsRejection;
use axum::response::Response;
use axum::routing::{MethodFilter, on};
use hyper::{Method, Request, StatusCode};
use openras_api::Problem;
use openras_api::routes::{ROUTES, Right, Route};
use openras_engine::RasError;

use super::accept::Session;
use super::answer::{self, Answer};
use super::ask::{Ask, wrong};
use super::{
    Api, audit, calls, connections, descriptors, events, forwards, ports, server, tcp, terminal, users,
};
use crate::rights::{Role, nobody, not_admin};

/// The path's parameters, or that they are no text.
type Params = Result<RawPathParams, RawPathParamsRejection>;

/// The router of all routes.
pub(super) fn router(api: &Arc<Api>) -> Router {
    let mut router = Router::new();
    for route in ROUTES {
        // the table is ours: a method it names is one
        let method = Method::from_bytes(route.method.as_bytes()).unwrap_or(Method::GET);
        let filter = MethodFilter::try_from(method).unwrap_or(MethodFilter::GET);
        let api = api.clone();
        let handler = move |params: Params, request: Request<Body>| enter(route, api, params, request);
        router = router.route(route.path, on(filter, handler));
    }
    router.fallback(unknown).method_not_allowed_fallback(wrong_method)
}

/// A request came to its route.
async fn enter(route: &'static Route, api: Arc<Api>, params: Params, mut request: Request<Body>) -> Response {
    let Some(session) = request.extensions_mut().remove::<Session>() else {
        return answer::problem(&answer::inside(), Some(StatusCode::INTERNAL_SERVER_ERROR));
    };
    if let Err(problem) = may(route.right, session.peer.role, session.peer.uid) {
        return answer::problem(&problem, None);
    }
    let Ok(params) = params else {
        return answer::problem(&wrong("The path is not UTF-8 behind its % signs.".into()), None);
    };
    let params = params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let (head, body) = request.into_parts();
    let ask = Ask { api, session, params, request: Request::from_parts(head, ()), body: Mutex::new(body) };
    match whole(route, ask).await {
        Some(Ok(response)) => response,
        Some(Err(problem)) => answer::problem(&problem, status(&problem)),
        None => answer::problem(&answer::inside(), Some(StatusCode::INTERNAL_SERVER_ERROR)),
    }
}

/// Statuses that say more than the number's own.
fn status(problem: &Problem) -> Option<StatusCode> {
    match problem.error {
        632 => Some(StatusCode::PAYLOAD_TOO_LARGE),
        635 => Some(StatusCode::INTERNAL_SERVER_ERROR),
        _ => None,
    }
}

/// Whether a client of this role may use a route with this right. Whose a call is, its handler asks.
fn may(right: Right, role: Role, uid: u32) -> Result<(), Problem> {
    match (right, role) {
        (_, Role::Nobody) => Err(nobody(uid)),
        (Right::Admin, Role::Dialer) => Err(not_admin()),
        (Right::Dial | Right::Own, Role::Dialer) | (_, Role::Admin) => Ok(()),
    }
}

/// Carries a request out. What changes something is not left half done, nor out of the audit record, because its client
/// has gone meanwhile.
async fn whole(route: &Route, ask: Ask) -> Option<Answer> {
    let changes = route.method != "GET" && (route.right == Right::Admin || route.id == "end_call");
    if !changes {
        return unpanicked(handle(route.id, ask)).await;
    }
    let (tasks, id) = (ask.api.tasks.clone(), route.id);
    // neither is cancelled before it is done, so that only a panic is lost
    tasks.spawn(async move { unpanicked(handle(id, ask)).await }).await.ok().flatten()
}

/// `None` if it panicked, which the log tells; nobody else is touched.
pub(super) async fn unpanicked(handler: impl Future<Output = Answer>) -> Option<Answer> {
    let mut handler = Box::pin(handler);
    std::future::poll_fn(move |cx| {
        match std::panic::catch_unwind(AssertUnwindSafe(|| handler.as_mut().poll(cx))) {
            Ok(Poll::Ready(answer)) => Poll::Ready(Some(answer)),
            Ok(Poll::Pending) => Poll::Pending,
            Err(_) => Poll::Ready(None),
        }
    })
    .await
}

async fn handle(id: &str, ask: Ask) -> Answer {
    match id {
        "dial" => connections::dial(ask).await,
        "connections" => connections::list(&ask),
        "connection" => connections::one(&ask),
        "connection_events" => events::of_connection(&ask),
        "resume" => connections::resume(ask).await,
        "seen" => connections::seen(ask).await,
        "give_up" => connections::give_up(ask).await,
        "hangup" => connections::hang_up(&ask),
        "release" => connections::release(&ask),
        "terminal" => terminal::terminal(ask).await,
        "projection" => connections::projection(&ask),
        "statistics" => connections::statistics(&ask),
        "clear_statistics" => connections::clear_statistics(&ask),
        "ping" => tcp::ping(ask).await,
        "tcp" => tcp::tcp(ask).await,
        "forward" => forwards::open(ask).await,
        "forwards" => forwards::list(&ask),
        "close_forward" => forwards::close(&ask),
        "calls" => calls::list(&ask),
        "call" => calls::one(&ask),
        "why" => calls::why(&ask),
        "end_call" => calls::end(ask).await,
        "events" => events::of_service(&ask),
        "descriptor" => descriptors::hand_over(ask),
        "modems" => ports::modems(&ask),
        "ports" => ports::list(&ask),
        "port" => ports::one(&ask),
        "disconnect" => ports::disconnect(ask).await,
        "clear_port_statistics" => ports::clear_statistics(ask).await,
        "users" => users::list(ask).await,
        "add_user" => users::add(ask).await,
        "user" => users::one(ask).await,
        "set_user" => users::set(ask).await,
        "remove_user" => users::remove(ask).await,
        "set_password" => users::password(ask).await,
        "unlock_user" => users::unlock(ask).await,
        "server" => server::server(&ask).await,
        "reload" => server::reload(ask).await,
        "audit" => audit::read(ask).await,
        "verify_audit" => audit::verify(ask).await,
        "metrics" => server::metrics(&ask),
        "openapi" => answer::text("application/json", openras_api::openapi::document()),
        _ => Err(RasError::CALL_NOT_IMPLEMENTED.into()),
    }
}

/// No such path. Whoever has no right is told no more than that.
async fn unknown(request: Request<Body>) -> Response {
    refused(&request).unwrap_or_else(|| {
        let problem = Problem::new(RasError::NOT_SUPPORTED, "There is no such path in this API.").remedy(
            "GET /v1/openapi.json lists all paths; another version of the API has another first segment.",
        );
        answer::problem(&problem, Some(StatusCode::NOT_FOUND))
    })
}

async fn wrong_method(request: Request<Body>) -> Response {
    refused(&request).unwrap_or_else(|| {
        let problem = Problem::new(RasError::NOT_SUPPORTED, "This path does not take this method.")
            .remedy("GET /v1/openapi.json lists the methods of each path.");
        answer::problem(&problem, Some(StatusCode::METHOD_NOT_ALLOWED))
    })
}

fn refused(request: &Request<Body>) -> Option<Response> {
    let peer = &request.extensions().get::<Session>()?.peer;
    (peer.role == Role::Nobody).then(|| answer::problem(&nobody(peer.uid), None))
}
