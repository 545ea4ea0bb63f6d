//! Putting a record back to what is in the table.

use isoform::prelude::*;
use tests::entities_ids::{Line, LineMethods as _, Remark};
use tests::promises;

promises! {
    async fn what_is_loaded_stays_when_what_a_method_left_unsaved_is_undone(world: World) {
        world.nobody().run(async {
            repo::<Line>().insert(Line { order_id: 1, product: "tea".into(), ..Line::blank() }).await.unwrap();
            let remark = Remark { order_id: 1, product: "tea".into(), text: "hot".into(), ..Remark::blank() };
            repo::<Remark>().insert(remark).await.unwrap();
            let mut line = Line::query().include(|l| l.remarks).first().await.unwrap().unwrap();
            line.annotate("unsaved".into()).await.unwrap();
            assert!(line.is_changed() && line.changed(|l| l.note));
            assert_eq!((line.note.as_deref(), line.original().note.as_deref()), (Some("unsaved"), None));
            assert_eq!(line.remarks.get(0).unwrap().text, "hot", "while it is unsaved");
            line.undo();
            assert!(!line.is_changed() && line.note.is_none());
            assert_eq!(line.remarks.get(0).map(|remark| remark.text.as_str()), Some("hot"), "and when it is undone");
        }).await;
    }
}
