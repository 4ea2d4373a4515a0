/** The Python that saves one step of somebody's own network, for `unravel check --how`. */
export const HOW = `# Save one step of your own network: a few images (a batch of 4 is plenty).
# Change the right-hand sides to your own variables. What you don't have, leave out:
# the images, the labels, the weights and any gradient are enough to begin with.
import numpy as np

saved = {}

def keep(**arrays):  # keep(conv1_out=conv) saves a copy, now: later code may change the array
    for name, array in arrays.items():
        saved[name.replace("_", ".")] = np.array(array)

keep(x=x, y=y, lr=lr)                            # the batch; y: class numbers or one-hot
keep(conv1_weight=w1, conv1_bias=b1, fc1_weight=w2, fc1_bias=b2)

# ... in the forward pass, each right after its line:
keep(conv1_out=conv)                             # before the ReLU
keep(relu1_out=relu)
keep(pool1_out=pool)
keep(flatten1_out=flat)
keep(fc1_out=scores)                             # before the softmax
keep(probs=p, loss=loss)

# ... in the backward pass: grad_NAME is the gradient of the loss by NAME
keep(grad_fc1_out=dscores)
keep(grad_fc1_weight=dw2, grad_fc1_bias=db2)
keep(grad_flatten1_out=dflat)
keep(grad_pool1_out=dpool)
keep(grad_relu1_out=drelu)
keep(grad_conv1_out=dconv)
keep(grad_conv1_weight=dw1, grad_conv1_bias=db1)
keep(grad_x=dx)

# ... after the update:
keep(new_conv1_weight=w1, new_conv1_bias=b1, new_fc1_weight=w2, new_fc1_bias=b2)

np.savez("mine.npz", **saved)
# More layers are counted: conv2, relu2, relu3, pool2, fc2. Then: unravel check mine.npz
`;
