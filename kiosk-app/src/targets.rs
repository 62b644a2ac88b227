//! Where the touch targets of the running program lie (feature `simulated`), so that a test can press them with a real
//! pointer. Only ids and rectangles: nothing that a person typed or a document says.

use iced::advanced::widget::operation::{Operation, Outcome};
use iced::advanced::widget::{Id, operate};
use iced::{Rectangle, Task};
use std::collections::{BTreeMap, HashMap};

/// x, y, width, height in logical pixels of the window, by the action's id.
pub type Targets = BTreeMap<String, [f32; 4]>;

/// Looks where the widgets of these ids lie in the layout that is on the screen.
pub fn find(ids: impl IntoIterator<Item = String>) -> Task<Targets> {
    let wanted = ids.into_iter().map(|id| (Id::from(id.clone()), id)).collect();
    operate(Find { wanted, found: Targets::new() })
}

struct Find {
    wanted: HashMap<Id, String>,
    found: Targets,
}

impl Operation<Targets> for Find {
    fn traverse(&mut self, operate: &mut dyn FnMut(&mut dyn Operation<Targets>)) {
        operate(self);
    }

    fn container(&mut self, id: Option<&Id>, bounds: Rectangle) {
        if let Some(name) = id.and_then(|id| self.wanted.get(id)) {
            self.found.insert(name.clone(), [bounds.x, bounds.y, bounds.width, bounds.height]);
        }
    }

    fn finish(&self) -> Outcome<Targets> {
        Outcome::Some(self.found.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::{Find, Id, Operation, Targets};
    use iced::Rectangle;
    use iced::advanced::widget::operation::Outcome;

    #[test]
    fn only_the_ids_asked_for_are_told() {
        let mut find = Find { wanted: [(Id::from("key-7"), "key-7".to_owned())].into(), found: Targets::new() };
        find.container(Some(&Id::from("key-7")), Rectangle { x: 1.0, y: 2.0, width: 3.0, height: 4.0 });
        find.container(Some(&Id::from("key-8")), Rectangle::default());
        find.container(None, Rectangle::default());
        let Outcome::Some(found) = find.finish() else { panic!("no targets") };
        assert_eq!(found, [("key-7".to_owned(), [1.0, 2.0, 3.0, 4.0])].into());
    }
}
