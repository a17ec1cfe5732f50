//! Retry and change of password by every method that has them, and what the server says about it.

use openras_engine::client::{DialConfig, DialEvent};
use openras_ppp::AuthMethod;

use crate::world::server::Server;
use crate::world::{World, config, params};

fn dial(method: AuthMethod, password: &str) -> DialConfig {
    let mut dial = DialConfig { params: params(password), ..config() };
    dial.ppp.authenticate_us = vec![method];
    dial
}

fn server(method: AuthMethod) -> Server {
    let mut server = Server::new(&[method]);
    server.retry = true;
    server
}

const BOTH: [AuthMethod; 2] = [AuthMethod::MsChapV1, AuthMethod::MsChapV2];

fn messages(world: &World) -> Vec<&str> {
    let mut said = Vec::new();
    for event in &world.events {
        if let DialEvent::Message(text) = event {
            said.push(text.as_str());
        }
    }
    said
}

#[test]
fn both_versions_of_mschap_hear_other_credentials_on_the_same_link() {
    for method in BOTH {
        let mut world = World::started(dial(method, "wrong"), Some(server(method)));
        assert_eq!(world.states, "0 1 2 3 4 5 6 4097:691", "{method}");
        world.resume(params("wrong again")).unwrap();
        world.rest();
        world.resume(params("secret")).unwrap();
        world.rest();
        assert_eq!(world.states, "0 1 2 3 4 5 6 4097:691 7 6 4097:691 7 14 10 18 8192", "{method}");
    }
}

#[test]
fn both_versions_of_mschap_change_an_expired_password() {
    for method in BOTH {
        let mut server = server(method);
        server.expired = true;
        let mut world = World::started(dial(method, "secret"), Some(server));
        assert_eq!(world.states, "0 1 2 3 4 5 6 4099:648", "{method}");
        world.resume(params("better")).unwrap();
        world.rest();
        assert_eq!(world.states, "0 1 2 3 4 5 6 4099:648 9 14 10 18 8192", "{method}");
        assert_eq!(world.server.as_ref().unwrap().password.expose(), b"better", "{method}");
    }
}

#[test]
fn a_new_password_that_is_refused_leaves_the_old_one() {
    for method in BOTH {
        let mut server = server(method);
        (server.expired, server.refuses_change) = (true, true);
        let mut world = World::started(dial(method, "secret"), Some(server));
        world.resume(params("better")).unwrap();
        world.rest();
        assert_eq!(world.states, "0 1 2 3 4 5 6 4099:648 9 9:709", "{method}");
        assert_eq!(world.server.as_ref().unwrap().password.expose(), b"secret", "{method}");
    }
}

#[test]
fn the_greeting_of_the_server_is_told_once() {
    for method in [AuthMethod::Pap, AuthMethod::ChapMd5, AuthMethod::MsChapV1, AuthMethod::MsChapV2] {
        let world = World::started(dial(method, "secret"), Some(server(method)));
        assert_eq!(messages(&world), ["welcome"], "{method}");
    }
}
