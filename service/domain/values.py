"""Plain values that everything else is made of."""

type Json = bool | int | float | str | list[Json] | dict[str, Json] | None
