//! Rules of policy routing: whether they say what they hold for.

use super::super::RoutingRule;
use super::route::NO_TABLE;
use crate::document::code::Code;
use crate::document::problem::Problems;

/// The lowest bits of a type of service, which congestion notification has taken (RFC 3168).
const ECN: u8 = 0b11;

/// One rule of an interface.
pub fn check(rule: &RoutingRule, problems: &mut Problems<'_>) {
    match (rule.from, rule.to) {
        (None, None) => {
            let message = "this rule needs `from` or `to`";
            let hint = "for everything, write `to: 0.0.0.0/0` or `to: ::/0`";
            problems.of(Code::MissingKey).error(&[], message, Some(hint));
        }
        (Some(from), Some(to)) if from.is_ipv4() != to.is_ipv4() => {
            problems.error(&[], "this rule mixes IPv4 and IPv6", Some("write one rule for each"));
        }
        _ => {}
    }
    if rule.table == Some(0) {
        problems.error(&["table"], NO_TABLE, None);
    }
    if rule.mark == Some(0) {
        let message = "mark 0 is that of packets without one: expected 1 to 4294967295";
        problems.error(
            &["mark"],
            message,
            Some("leave it out for packets with any mark or none"),
        );
    }
    if rule.type_of_service.is_some_and(|byte| byte & ECN != 0) {
        let message = "the two lowest bits of `type-of-service` are not part of it: the kernel refuses the rule";
        problems.warning(&["type-of-service"], message, Some("use a multiple of 4"));
    }
}
