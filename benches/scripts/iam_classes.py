"""Names the class of a disagreement between two evaluators."""


def name(line, our, their):
    return f"{our['decision']} / {their['checked']}" + ("" if line["context_complete"] else ", incomplete")
