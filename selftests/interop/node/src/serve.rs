// SPDX-License-Identifier: GPL-2.0 OR MIT
//! Nodes that others come to, until they are stopped.

use crate::client::{connect, Way};
use crate::options::Options;
use crate::persona::Persona;
use crate::{failure, next_line, persona, workers};
use ockam::access_control::AllowAll;
use ockam::flow_control::FlowControlId;
use ockam::identity::SecureChannelListenerOptions;
use ockam::remote::RemoteRelayOptions;
use ockam::tcp::{TcpListenerOptions, TcpTransport};
use ockam::{
    Address, LocalMessage, MessageReceiveOptions, Node, RelayService, RelayServiceOptions, Result,
};
use std::future::pending;
use std::time::Duration;

/// Pings without an answer until a relay is given up; upstream's own number.
const MISSES: u32 = 3;

/// How long a registration may take.
const ANSWER: Duration = Duration::from_secs(30);

/// Let what comes in by `flow` reach `names`.
fn expose(node: &Node, flow: &FlowControlId, names: &[&str]) {
    for name in names {
        node.flow_controls().add_consumer(&(*name).into(), flow);
    }
}

/// Echo, hop and the channel listener `api`, with what its channels may reach.
async fn services(node: &Node, options: &Options) -> Result<(Persona, FlowControlId)> {
    let persona = persona::create(node, options).await?;
    let mut listener =
        SecureChannelListenerOptions::new().with_trust_policy(persona::trust(options));
    let inside = listener.spawner_flow_control_id();

    if let Some(credential) = &persona.credential {
        listener = listener.with_credential(credential.clone())?;
    }
    if let Some(authority) = &persona.authority {
        listener = listener.with_authority(authority.clone());
    }
    node.start_worker("echo", workers::Echo::new(node, &persona))?;
    node.start_worker("hop", workers::Hop)?;
    node.create_secure_channel_listener(&persona.identifier, "api", listener)?;
    expose(node, &inside, &["echo", "hop", "api"]);
    Ok((persona, inside))
}

/// Says how many channels there are when that changes.
async fn count_channels(node: &Node) {
    let mut before = 0;

    loop {
        let now = node
            .secure_channels()
            .secure_channel_registry()
            .get_channel_list()
            .len();

        if now != before {
            println!("channels {now}");
            before = now;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Closes all channels at each line on standard input.
async fn close_channels(node: &Node) -> Result<()> {
    while next_line().await?.is_some() {
        let channels = node.secure_channels();

        for entry in channels.secure_channel_registry().get_channel_list() {
            channels.stop_secure_channel(node.context(), entry.encryptor_messaging_address())?;
        }
    }
    pending().await
}

pub async fn serve(node: &Node, address: &str, options: &Options) -> Result<()> {
    let tcp = TcpTransport::get_or_create(node.context())?;
    let listener = TcpListenerOptions::new();
    let outside = listener.spawner_flow_control_id();
    let (persona, inside) = services(node, options).await?;
    let relays = RelayServiceOptions::new()
        .service_as_consumer(&outside)
        .service_as_consumer(&inside)
        .relay_as_consumer(&outside)
        .relay_as_consumer(&inside)
        .alias("static_forwarding_service")
        .prefix("forward_to_");

    expose(node, &outside, &["echo", "hop", "api"]);
    RelayService::create(node.context(), "forwarding_service", relays)?;
    if let Some(peer) = &options.connect {
        let way = connect(node, &persona, peer, options).await?;

        expose(node, &way.flow, &["hop"]);
        println!("way {}", way.first.address());
    }
    tcp.listen(address, listener).await?;
    println!("listening {address}");
    tokio::select! {
        _ = count_channels(node) => Ok(()),
        done = close_channels(node) => done,
    }
}

/// A number as upstream's supervision sends it: CBOR, eight bytes.
fn ping(number: u64) -> Vec<u8> {
    let mut payload = vec![0x1b];

    payload.extend_from_slice(&number.to_be_bytes());
    payload
}

/// Pings the other end's echo until too many answers are missing.
async fn supervise(node: &Node, way: &Way, options: &Options) -> Result<()> {
    let own = Address::random_local();
    let mut inbox = node
        .context()
        .new_detached(own.clone(), AllowAll, AllowAll)?;
    let (mut misses, mut pongs) = (0, 0);

    node.flow_controls().add_consumer(&own, &way.flow);
    for number in 0x0123_4567_89ab_cdef.. {
        let message = LocalMessage::new()
            .with_onward_route(ockam::route![way.first.clone(), "echo"])
            .with_return_route(ockam::route![own.clone()])
            .with_payload(ping(number));
        let sent = node.context().forward(message).await;
        let deadline = tokio::time::Instant::now() + options.ping;
        let answer = inbox
            .receive_extended::<Vec<u8>>(MessageReceiveOptions::new().with_timeout(options.ping))
            .await;

        if sent.is_ok() && answer.is_ok_and(|pong| pong.into_payload() == ping(number)) {
            misses = 0;
            pongs += 1;
            println!("pongs {pongs}");
        } else {
            misses += 1;
        }
        if misses == MISSES {
            break;
        }
        tokio::time::sleep_until(deadline).await;
    }
    Err(failure(format!("{MISSES} pings without an answer")))
}

/// One life of a relay: connects, registers, and returns when it is lost.
async fn registered(
    node: &Node,
    persona: &Persona,
    address: &str,
    name: &str,
    options: &Options,
) -> Result<()> {
    let way = connect(node, persona, address, options).await?;

    expose(node, &way.flow, &["echo", "api"]);
    let registration = node.create_static_relay(way.first.clone(), name, RemoteRelayOptions::new());
    let result = match tokio::time::timeout(ANSWER, registration).await {
        Err(_) => Err(failure("no answer to the registration")),
        Ok(Err(error)) => Err(error),
        Ok(Ok(info)) => {
            println!("relay {}", info.remote_address());
            let lost = supervise(node, &way, options).await;
            let _ = node.context().stop_address(info.worker_address());
            lost
        }
    };
    way.close(node);
    result
}

/// What the session of upstream's command line does for its relays; the
/// library's own client registers once and never again.
pub async fn relay(node: &Node, address: &str, name: &str, options: &Options) -> Result<()> {
    let (persona, _) = services(node, options).await?;

    loop {
        let lost = registered(node, &persona, address, name, options).await;

        if let Err(error) = lost {
            println!("lost {}", error.to_string().replace('\n', " "));
        }
        tokio::time::sleep(options.retry).await;
    }
}
