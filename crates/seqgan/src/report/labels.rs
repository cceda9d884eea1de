//! Where words fit between the points of a drawing.

/// A box, by its left upper corner.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Area {
    pub left: f64,
    pub top: f64,
    pub width: f64,
    pub height: f64,
}

impl Area {
    fn meets(&self, other: &Area) -> bool {
        self.left < other.left + other.width
            && other.left < self.left + self.width
            && self.top < other.top + other.height
            && other.top < self.top + self.height
    }

    fn lies_in(&self, other: &Area) -> bool {
        self.left >= other.left
            && self.top >= other.top
            && self.left + self.width <= other.left + other.width
            && self.top + self.height <= other.top + other.height
    }
}

/// What is taken already.
#[derive(Debug)]
pub(super) struct Room {
    frame: Area,
    taken: Vec<Area>,
}

impl Room {
    /// An empty drawing.
    pub fn new(frame: Area) -> Self {
        Self { frame, taken: Vec::new() }
    }

    /// Keeps words away from a point.
    pub fn take(&mut self, (x, y): (f64, f64), radius: f64) {
        self.taken.push(Area {
            left: x - radius,
            top: y - radius,
            width: 2.0 * radius,
            height: 2.0 * radius,
        });
    }

    /// Keeps words away from a line.
    pub fn take_line(&mut self, (x, y): (f64, f64), (to_x, to_y): (f64, f64)) {
        const STEP: f64 = 4.0;
        let steps = ((to_x - x).hypot(to_y - y) / STEP).ceil().max(1.0);
        for i in 0..=steps as usize {
            let share = i as f64 / steps;
            self.take((x + share * (to_x - x), y + share * (to_y - y)), 1.0);
        }
    }

    /// A place for words of this size beside a point of this radius: right, left, above, below or at a corner; nothing where all are taken.
    pub fn place(&mut self, (x, y): (f64, f64), radius: f64, (width, height): (f64, f64)) -> Option<Area> {
        let (gap, near) = (radius + 4.0, radius);
        let beside = |left: f64, top: f64| Area { left, top, width, height };
        let places = [
            beside(x + gap, y - height / 2.0),
            beside(x - gap - width, y - height / 2.0),
            beside(x - width / 2.0, y - gap - height),
            beside(x - width / 2.0, y + gap),
            beside(x + near, y - near - height),
            beside(x - near - width, y - near - height),
            beside(x + near, y + near),
            beside(x - near - width, y + near),
        ];
        let free = |place: &Area| place.lies_in(&self.frame) && !self.taken.iter().any(|t| t.meets(place));
        let place = places.into_iter().find(free)?;
        self.taken.push(place);
        Some(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_meet_no_line() {
        let frame = Area { left: 0.0, top: 0.0, width: 100.0, height: 100.0 };
        let mut room = Room::new(frame);
        room.take_line((0.0, 50.0), (100.0, 50.0));
        let place = room.place((50.0, 50.0), 4.0, (20.0, 10.0)).expect("room above the line");
        assert!(place.top + place.height <= 49.0, "{place:?}");
    }

    #[test]
    fn words_meet_neither_points_nor_words_nor_the_frame() {
        let mut room = Room::new(Area { left: 0.0, top: 0.0, width: 100.0, height: 40.0 });
        room.take((50.0, 20.0), 4.0);
        let places: Vec<_> =
            std::iter::from_fn(|| room.place((50.0, 20.0), 4.0, (30.0, 10.0))).take(9).collect();
        assert_eq!(places.len(), 4, "{places:?}");
        for (i, place) in places.iter().enumerate() {
            assert!(place.lies_in(&room.frame) && !places[..i].iter().any(|other| other.meets(place)));
        }
        assert_eq!(
            room.place((95.0, 20.0), 4.0, (30.0, 10.0)),
            None,
            "right of it is no room, left of it words"
        );
    }
}
