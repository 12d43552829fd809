// SPDX-License-Identifier: GPL-2.0 OR MIT
//! What the node offers to others.

use ockam::{Any, Context, Result, Routed, Worker};
use ockam_core::SecureChannelLocalInfo;

/// Answers each message with its payload, and says whose messages it gets.
#[derive(Default)]
pub struct Echo {
    peer: String,
}

#[ockam::worker]
impl Worker for Echo {
    type Context = Context;
    type Message = Vec<u8>;

    async fn handle_message(&mut self, ctx: &mut Context, msg: Routed<Vec<u8>>) -> Result<()> {
        if let Ok(info) = SecureChannelLocalInfo::find_info(msg.local_message()) {
            let peer = ockam::identity::Identifier::from(info.their_identifier()).to_string();

            if peer != self.peer {
                println!("peer {peer}");
                self.peer = peer;
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
