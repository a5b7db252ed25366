def count_model(m):
    from scaling.study import cost
    return {"params_m":cost.params_m(m),"forward_gmacs":cost.forward_gmacs(m)}
