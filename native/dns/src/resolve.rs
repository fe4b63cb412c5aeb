//! Answers from the tables.

use crate::tables::Tables;
use crate::wire::query::Query;
use crate::wire::{KIND_A, KIND_AAAA, KIND_ANY, KIND_PTR, Rcode, answer};

/// Containers come and go: nobody should keep their addresses for long.
const TTL_SECONDS: u32 = 5;

impl Tables {
    /// Writes the answer when the name is known; a kind of record that it does not have is answered with none.
    pub fn answer(&self, networks: &[String], message: &[u8], query: &Query, limit: usize, into: &mut Vec<u8>) -> bool {
        if let Some(hosts) = self.find(networks, &query.name) {
            let mut answer = answer::begin(into, message, query, limit, TTL_SECONDS);
            if matches!(query.kind, KIND_A | KIND_AAAA | KIND_ANY) {
                for address in hosts.rotated() {
                    match address {
                        std::net::IpAddr::V4(v4) if query.kind != KIND_AAAA => answer.v4(v4),
                        std::net::IpAddr::V6(v6) if query.kind != KIND_A => answer.v6(v6),
                        _ => {}
                    }
                }
            }
            answer.finish(Rcode::NoError);
            return true;
        }
        let pointed = query
            .name
            .pointed_address()
            .filter(|_| matches!(query.kind, KIND_PTR | KIND_ANY));
        let Some(name) = pointed.and_then(|address| self.find_pointer(networks, address)) else {
            return false;
        };
        let mut answer = answer::begin(into, message, query, limit, TTL_SECONDS);
        answer.pointer(name);
        answer.finish(Rcode::NoError);
        true
    }

    /// For who may ask nobody else: a name of one label can only be ours, so it does not exist; of others we cannot tell.
    pub fn refuse_unknown(&self, message: &[u8], query: &Query, limit: usize, into: &mut Vec<u8>) {
        let single = query.name.labels().count() == 1;
        let rcode = if single {
            Rcode::NoSuchName
        } else {
            Rcode::ServerFailure
        };
        answer::begin(into, message, query, limit, TTL_SECONDS).finish(rcode);
    }
}
