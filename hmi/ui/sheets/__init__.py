"""What the pages of an engineer share: a page that asks while it is in view, facts, signs, a step that asks back."""
