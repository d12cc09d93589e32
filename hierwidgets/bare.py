"""Where Bambi models are made: formulae looks names up in the caller, and here there are none."""


def made(_model: type, _formula: object, _data: object, _options: dict[str, object]):  # noqa: ANN201, D103
    return _model(_formula, _data, **_options)
