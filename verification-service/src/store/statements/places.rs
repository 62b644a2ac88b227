//! Statements about what stands at a blind index: in one place, or while there are two index keys in either of two.

use crate::secrets::Blind;
use crate::store::{Answer, Locked, Tx};

/// A statement about a place: `[before, the number of its last argument, after]`. The place is its first argument and,
/// while there are two index keys, its last. With one key the statement is the plain one.
macro_rules! placed {
    ($place:expr, [$before:literal, $last:literal, $after:literal] $(, $argument:expr)* $(,)?) => {
        match $place.other() {
            None => $crate::store::connection::sql!(concat!($before, " = $1", $after), $place.at() $(, $argument)*),
            Some(other) => $crate::store::connection::sql!(
                concat!($before, " IN ($1, ", $last, ")", $after), $place.at() $(, $argument)*, other
            ),
        }
    };
}
pub(super) use placed;

/// Where it may stand besides; the same place once more if there is only one.
pub(super) fn elsewhere(place: &Blind) -> [u8; 32] {
    place.other().unwrap_or(place.at())
}

impl Tx {
    /// As [`Tx::lock`], for a place. While there are two index keys both places are held, so that an instance that does not
    /// know the newer key yet, or the older any more, waits as well.
    ///
    /// # Errors
    /// Of the store.
    pub async fn lock_place(&mut self, what: Locked, place: &Blind) -> Answer<()> {
        for at in place.in_order().into_iter().flatten() {
            self.lock(what, &at).await?;
        }
        Ok(())
    }
}
