//! Who replicates from whom, asked of the servers themselves and drawn as a tree.

use super::Lang;
use super::cast::{Cast, Player};
use super::client::ask;
use crate::ask::texts;
use crate::live::{Row, rows};

/// What one server says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// it is a master
    Master,
    /// it follows the server on that port; `linked` when it really receives data
    Replica { of: u16, linked: bool },
    /// it does not answer
    Down,
}

/// Asks one server.
pub(super) fn place(port: u16) -> Place {
    let Ok(answer) = ask(port, &["ROLE"]) else { return Place::Down };
    let words = texts(&answer);
    let word = |at: usize| words.get(at).map_or("", String::as_str);
    match word(0) {
        "master" => Place::Master,
        "slave" => Place::Replica { of: word(2).parse().unwrap_or(0), linked: word(3) == "connected" },
        _ => Place::Down,
    }
}

/// Asks all servers and draws.
pub(super) fn draw(cast: &Cast, lang: Lang) -> Vec<String> {
    let places: Vec<(&Player, Place)> =
        cast.servers.iter().map(|player| (player, place(player.port))).collect();
    lines(&places, lang)
}

/// The tree as lines. A server whose parent is not among them is drawn at the top.
fn lines(places: &[(&Player, Place)], lang: Lang) -> Vec<String> {
    let parent = |place: &Place| match place {
        Place::Replica { of, .. } => places.iter().position(|(player, _)| player.port == *of),
        Place::Master | Place::Down => None,
    };
    let parents: Vec<Option<usize>> = places.iter().map(|(_, place)| parent(place)).collect();
    let line = |row: &Row| {
        let (player, place) = &places[row.member];
        format!("{}{}", row.branch, label(player, place, lang))
    };
    rows(&parents).iter().map(line).collect()
}

fn label(player: &Player, place: &Place, lang: Lang) -> String {
    let state = match place {
        Place::Master => lang.pick("master", "主节点"),
        Place::Replica { linked: true, .. } => lang.pick("replica", "副本"),
        Place::Replica { linked: false, .. } => lang.pick("replica, not connected", "副本，未连接"),
        Place::Down => lang.pick("down", "无应答"),
    };
    format!("{} 127.0.0.1:{} {state}", player.name, player.port)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(places: &[(&Player, Place)]) -> Vec<String> {
        lines(places, Lang::En)
    }

    #[test]
    fn a_chain_is_drawn_as_a_chain_and_a_dead_parent_stays_above_its_replica() {
        let cast = Cast::of([1, 2, 3], [4, 5, 6]);
        let [a, b, c] = &cast.servers;
        let follows = |of, linked| Place::Replica { of, linked };
        assert_eq!(
            drawn(&[(a, Place::Master), (b, follows(1, true)), (c, follows(2, true))]),
            ["A 127.0.0.1:1 master", "└─ B 127.0.0.1:2 replica", "   └─ C 127.0.0.1:3 replica"]
        );
        assert_eq!(
            drawn(&[(a, follows(2, false)), (b, Place::Master), (c, follows(2, true))]),
            ["B 127.0.0.1:2 master", "├─ A 127.0.0.1:1 replica, not connected", "└─ C 127.0.0.1:3 replica"]
        );
        assert_eq!(
            drawn(&[(a, Place::Down), (b, follows(1, false)), (c, follows(9, true))]),
            ["A 127.0.0.1:1 down", "└─ B 127.0.0.1:2 replica, not connected", "C 127.0.0.1:3 replica"]
        );
    }

    #[test]
    fn servers_that_follow_each_other_are_drawn_and_end() {
        let cast = Cast::of([1, 2, 3], [4, 5, 6]);
        let [a, b, c] = &cast.servers;
        let ring = |of| Place::Replica { of, linked: false };
        assert_eq!(
            drawn(&[(a, ring(2)), (b, ring(1)), (c, Place::Master)]),
            [
                "C 127.0.0.1:3 master",
                "A 127.0.0.1:1 replica, not connected",
                "└─ B 127.0.0.1:2 replica, not connected"
            ]
        );
    }
}
