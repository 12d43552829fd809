// SPDX-License-Identifier: GPL-2.0 OR MIT
//! What the node offers to others.

use crate::persona::{show_peer, Persona};
use ockam::identity::{Identifier, IdentitiesAttributes};
use ockam::{Any, Context, Node, Result, Routed, Worker};
use ockam_core::SecureChannelLocalInfo;
use std::sync::Arc;

/// Answers each message with its payload, and says whose messages it gets.
pub struct Echo {
    attributes: Arc<IdentitiesAttributes>,
    authority: Option<Identifier>,
    peer: Option<Identifier>,
}

impl Echo {
    pub fn new(node: &Node, persona: &Persona) -> Self {
        Echo {
            attributes: node.identities_attributes(),
            authority: persona.authority.clone(),
            peer: None,
        }
    }
}

#[ockam::worker]
impl Worker for Echo {
    type Context = Context;
    type Message = Vec<u8>;

    async fn handle_message(&mut self, ctx: &mut Context, msg: Routed<Vec<u8>>) -> Result<()> {
        if let Ok(info) = SecureChannelLocalInfo::find_info(msg.local_message()) {
            let peer = Identifier::from(info.their_identifier());

            if self.peer.as_ref() != Some(&peer) {
                show_peer(&self.attributes, self.authority.as_ref(), &peer).await?;
                self.peer = Some(peer);
            }
        }
        let back = msg.return_route().clone();

        ctx.send(back, msg.into_payload()).await
    }
}

/// Sends each message on to the next address of its route.
pub struct Hop;

#[ockam::worker]
impl Worker for Hop {
    type Context = Context;
    type Message = Any;

    async fn handle_message(&mut self, ctx: &mut Context, msg: Routed<Any>) -> Result<()> {
        let own = ctx.primary_address().clone();

        ctx.forward(msg.into_local_message().step_forward(own)?)
            .await
    }
}
